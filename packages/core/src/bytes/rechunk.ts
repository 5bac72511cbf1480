import type { ByteSource } from './byte-source.ts';
import { concatBytes } from './concat.ts';

/**
 * Joins small chunks into ones of at least `minBytes`, the last one excepted. Bytes are copied once at
 * most; chunks that are large enough pass untouched.
 */
export async function* rechunk(source: ByteSource, minBytes: number): ByteSource {
  let pending: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    if (chunk.length === 0) continue;
    pending.push(chunk);
    size += chunk.length;
    if (size < minBytes) continue;
    yield concatBytes(pending);
    pending = [];
    size = 0;
  }
  if (size > 0) yield concatBytes(pending);
}
