import type { ByteSource } from './byte-source.ts';
import { concatBytes } from './concat.ts';
import { releaseChunk } from './release.ts';

/**
 * Joins small chunks into ones of at least `minBytes`, the last one excepted. Bytes are copied once at
 * most; chunks that are large enough pass untouched. With `isOwned` the memory of those that were joined is given
 * back at once: nobody else uses it.
 */
export async function* rechunk(source: ByteSource, minBytes: number, isOwned = false): ByteSource {
  let pending: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    if (chunk.length === 0) continue;
    pending.push(chunk);
    size += chunk.length;
    if (size < minBytes) continue;
    yield join(pending, isOwned);
    pending = [];
    size = 0;
  }
  if (size > 0) yield join(pending, isOwned);
}

function join(chunks: readonly Uint8Array[], isOwned: boolean): Uint8Array {
  const joined = concatBytes(chunks);
  if (isOwned && chunks.length > 1) for (const chunk of chunks) releaseChunk(chunk);
  return joined;
}
