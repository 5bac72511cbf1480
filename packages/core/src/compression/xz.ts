import type { ReadableStream } from 'node:stream/web';
import xz from 'xz-decompress';
import type { ByteSource } from '../bytes/byte-source.ts';
import { WherryError } from '../errors.ts';
import { corrupt, truncated } from './failures.ts';
import { fromWebReadable, toWebReadable, WatchedSource, type WebReadable } from './web-streams.ts';

/** Results of XZ Embedded, as the package puts them into its messages: it has no other word for them. */
const UNSUPPORTED_OPTIONS = 6;
const MEMORY_LIMIT = 4;
const INPUT_ENDED = 8;

/**
 * Unpacks .xz: LZMA2 without filters, checked with CRC-32, CRC-64 or nothing; concatenated streams and padding
 * are one stream. Throws `UNSUPPORTED` for other filters and checks. The .xz file format 1.1.0.
 */
export async function* unxz(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const watched = new WatchedSource(source);
  const packed = toWebReadable(watched) as unknown as ReadableStream<Uint8Array>;
  try {
    const unpacked = new xz.XzReadableStream(packed) as unknown as WebReadable;
    yield* fromWebReadable(unpacked);
  } catch (error) {
    if (watched.failure) throw watched.failure.error;
    throw classify(error);
  }
}

function classify(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const result = Number(/error code (\d+)/.exec(error.message)?.[1]);
  if (result === INPUT_ENDED) return truncated('xz');
  if (result === UNSUPPORTED_OPTIONS)
    return new WherryError('UNSUPPORTED', 'xz: filter or check not supported');
  if (result === MEMORY_LIMIT) return new WherryError('TOO_LARGE', 'xz: dictionary too large');
  return corrupt('xz', 'invalid data', error);
}
