import type { Digest } from '../../digest.ts';
import { storedCompression } from './layer-variant.ts';
import type { Store } from './store.ts';

/**
 * Lets go of those layers of `candidates` that the store has in another form, and that no manifest in use and no
 * lease names: as long as a record says whose tar a blob holds, any image with that tar holds it.
 */
export function forgetDuplicates(store: Store, candidates: Iterable<Digest>): void {
  const { metadata } = store;
  const layers = [...candidates].filter((digest) => metadata.findLayer(digest) !== undefined);
  for (const digest of metadata.replaceable(layers)) {
    const record = metadata.findLayer(digest);
    const forms = record ? metadata.layersByDiffID(record.diffID) : [];
    const isHere = (other: Digest) => other !== digest && storedCompression(store, other) !== undefined;
    if (forms.some((form) => isHere(form.digest))) metadata.forgetBlob(digest);
  }
}

/** Forgets the duplicates among `candidates`, then sweeps them all. Returns what is gone. */
export async function sweepDuplicates(store: Store, candidates: Iterable<Digest>): Promise<Digest[]> {
  const all = [...candidates];
  forgetDuplicates(store, all);
  return store.sweep(all);
}
