import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { ByteSource } from '../bytes/byte-source.ts';
import { OUTPUT_BUFFER_BYTES } from './compression.ts';

const DEFAULT_LEVEL = 3;

/**
 * Packs a stream as one zstd frame with a checksum; `level` is 1 to 19, 3 unless given. In one thread: with
 * `nbWorkers` Node's stream ends early and loses data. RFC 8878.
 */
export async function* compressZstd(
  source: ByteSource,
  { level = DEFAULT_LEVEL }: { readonly level?: number } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = createZstdCompress({
    chunkSize: OUTPUT_BUFFER_BYTES,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const feeding = pipeline(source, stream);
  // Its failure reaches the reader through the stream as well.
  feeding.catch(() => undefined);
  try {
    yield* stream as AsyncIterable<Uint8Array>;
    await feeding;
  } finally {
    stream.destroy();
  }
}
