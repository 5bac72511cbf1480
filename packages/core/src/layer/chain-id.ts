import type { Digest, HasherFactory } from '../digest.ts';

/**
 * Folds layer diffIDs, base first, into the chain IDs of the stacks that end at each of them: the last names
 * the whole stack. Empty for no layers. OCI image-spec v1.1, config.md "Layer ChainID".
 */
export function chainIDs(diffIDs: readonly Digest[], createHasher: HasherFactory): Digest[] {
  const encoder = new TextEncoder();
  const chain: Digest[] = [];
  for (const diffID of diffIDs) {
    const parent = chain.at(-1);
    if (parent === undefined) {
      chain.push(diffID);
      continue;
    }
    const hasher = createHasher();
    hasher.update(encoder.encode(`${parent} ${diffID}`));
    chain.push(hasher.digest());
  }
  return chain;
}
