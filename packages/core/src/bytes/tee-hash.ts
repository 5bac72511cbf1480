import type { Hasher } from '../digest.ts';
import type { ByteSource } from './byte-source.ts';

/** Passes `source` on and shows every chunk to `hasher`, whose `digest()` is the caller's to take. */
export async function* teeHash(source: ByteSource, hasher: Hasher): ByteSource {
  for await (const chunk of source) {
    hasher.update(chunk);
    yield chunk;
  }
}
