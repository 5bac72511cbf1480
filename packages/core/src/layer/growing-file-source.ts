import type { ByteSource } from '../bytes/byte-source.ts';
import { COMPRESSION_HEAD_BYTES } from '../compression/detect.ts';
import type { GrowingFileReader } from './growing-file.ts';

const CHUNK_BYTES = 64 * 1024;

/** Reads as much of the file's beginning as tells its compression; fewer bytes when there are no more. */
export function readHead(reader: GrowingFileReader): Uint8Array {
  const head = Buffer.alloc(COMPRESSION_HEAD_BYTES);
  let length = 0;
  for (let count = -1; count !== 0; length += count) count = reader.read(head.subarray(length));
  return head.subarray(0, length);
}

/** What was read already, `head`, and then the rest of the file, for decoders that take a stream. */
export async function* sourceOf(
  head: Uint8Array,
  reader: GrowingFileReader,
): ByteSource & AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    // A new buffer each time: what is yielded is the receiver's.
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = reader.read(chunk);
    if (count === 0) return;
    yield chunk.subarray(0, count);
  }
}
