import type { Digest } from '../../digest.ts';
import { storedCompression } from './layer-variant.ts';
import type { Store } from './store.ts';

/**
 * Lets go of those layers of `candidates` that the store has in another form, and that no image's manifest and
 * no name leads to: as long as a record says whose tar a blob holds, any image with that tar holds it.
 */
export function forgetDuplicates(store: Store, candidates: Iterable<Digest>): void {
  const { metadata } = store;
  let named: Set<Digest> | undefined;
  for (const digest of candidates) {
    const record = metadata.findLayer(digest);
    if (!record) continue;
    const others = metadata.layersByDiffID(record.diffID).filter((other) => other.digest !== digest);
    if (!others.some((other) => storedCompression(store, other.digest) !== undefined)) continue;
    named ??= new Set(metadata.listImages().flatMap((image) => image.layers.map((layer) => layer.digest)));
    if (!named.has(digest) && !metadata.isNamed(digest)) metadata.forgetBlob(digest);
  }
}

/** Forgets the duplicates among `candidates`, then sweeps them all. Returns what is gone. */
export async function sweepDuplicates(store: Store, candidates: Iterable<Digest>): Promise<Digest[]> {
  const all = [...candidates];
  forgetDuplicates(store, all);
  return store.sweep(all);
}
