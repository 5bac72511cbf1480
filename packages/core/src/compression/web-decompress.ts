import type { ByteSource } from '../bytes/byte-source.ts';
import { WherryError } from '../errors.ts';
import type { Compression } from './compression.ts';
import { corrupt } from './failures.ts';
import { fromWebReadable, toWebReadable, WatchedSource } from './web-streams.ts';

const platform = globalThis as unknown as { readonly DecompressionStream: new (format: 'gzip') => unknown };

/**
 * Unpacks a stream with what browsers have: `none` and gzip of one member. Throws `UNSUPPORTED` for the rest and
 * `CORRUPT` for broken and for truncated data, which browsers do not tell apart, and for bytes after the member.
 * Compression Standard, "DecompressionStream".
 */
export function decompressWeb(source: ByteSource, compression: Compression): ByteSource {
  if (compression === 'none') return source;
  if (compression === 'gzip') return gunzipWeb(source);
  throw new WherryError('UNSUPPORTED', `cannot unpack ${compression} here`);
}

async function* gunzipWeb(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const watched = new WatchedSource(source);
  const unpacked = toWebReadable(watched).pipeThrough(new platform.DecompressionStream('gzip'));
  try {
    yield* fromWebReadable(unpacked);
  } catch (error) {
    if (watched.failure) throw watched.failure.error;
    throw corrupt('gzip', 'broken or truncated data', error);
  }
}
