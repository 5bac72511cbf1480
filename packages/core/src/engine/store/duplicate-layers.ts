import type { Digest } from '../../digest.ts';
import type { Store } from './store.ts';

/**
 * Sweeps `candidates`, and first lets go of those layers that the store has in another form, and that no
 * image's manifest names: as long as a record says whose tar a blob holds, any image with that tar holds it.
 */
export async function sweepDuplicates(store: Store, candidates: Iterable<Digest>): Promise<void> {
  const { metadata, blobs } = store;
  const named = new Set(metadata.listImages().flatMap((image) => image.layers.map((layer) => layer.digest)));
  const all = [...candidates];
  for (const digest of all) {
    const record = named.has(digest) ? undefined : metadata.findLayer(digest);
    if (!record) continue;
    const others = metadata.layersByDiffID(record.diffID).filter((other) => other.digest !== digest);
    const present = await Promise.all(others.map((other) => blobs.stat(other.digest)));
    if (present.some(Boolean)) metadata.forgetBlob(digest);
  }
  await store.sweep(all);
}
