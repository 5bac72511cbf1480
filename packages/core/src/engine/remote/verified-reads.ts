import type { ByteRange } from '../../bytes/byte-range.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { createNodeHasher } from '../../bytes/node-hasher.ts';
import { digestAlgorithm, type Hasher } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';

/**
 * Makes the reads of one blob verify it: whoever reads it through, in one read or in several that follow each
 * other, gets its last bytes only if all of them were right. A read that goes back is not hashed twice.
 * Throws `DIGEST_MISMATCH`, `SIZE_MISMATCH`.
 */
export function verifiedReads(
  { digest, size }: Descriptor,
  read: (range?: ByteRange) => ByteSource,
): (range?: ByteRange) => ByteSource {
  const fresh = () => createNodeHasher(digestAlgorithm(digest));
  let hasher: Hasher | undefined = fresh();
  let hashed = 0;
  let turn = 0;

  const take = (chunk: Uint8Array, at: number) => {
    const end = at + chunk.length;
    if (end > size) throw sizeMismatch(end);
    if (hasher === undefined || end <= hashed) return;
    hasher.update(chunk.subarray(hashed - at));
    hashed = end;
    if (hashed < size) return;
    const found = hasher.digest();
    hasher = undefined;
    if (found !== digest) throw new WherryError('DIGEST_MISMATCH', `blob ${digest}: digest ${found}`);
  };
  const sizeMismatch = (found: number) =>
    new WherryError('SIZE_MISMATCH', `blob ${digest}: size ${found}, want ${size}`);

  return async function* (range) {
    const mine = ++turn;
    let at = range?.start ?? 0;
    if (at === 0) [hasher, hashed] = [fresh(), 0];
    // A registry that holds more than it was sent in this copy has it from an earlier one.
    if (at > hashed) for await (const chunk of read({ start: hashed, end: at })) take(chunk, hashed);
    for await (const chunk of read(range)) {
      // A request that broke may still wait for its next bytes when the next one begins.
      if (mine !== turn) return;
      take(chunk, at);
      at += chunk.length;
      yield chunk;
    }
    if (at !== (range?.end ?? size)) throw sizeMismatch(at);
  };
}
