import type { Digest } from '../digest.ts';
import type { Store } from './store/store.ts';

/** Bytes of the files in layers, which is what Docker calls a size. */
export interface LayerUsage {
  /** Of all layers, each counted once. */
  readonly layersBytes: number;
  /** For each image: of its layers that other images have at the same place. */
  readonly sharedBytes: ReadonlyMap<Digest, number>;
}

/** Says what images have in common, from metadata alone. Images that only others are made of do not count. */
export function layerUsage({ store }: { readonly store: Store }): LayerUsage {
  const all = store.metadata.listImages();
  const parents = new Set(all.map(({ parent }) => parent));
  const named = new Set(store.metadata.listBareNames().map(({ imageId }) => imageId));
  const shown = all.filter(({ id }) => named.has(id) || !parents.has(id));
  const users = new Map<string, number>();
  for (const { layers } of shown)
    for (const { chainID } of layers) users.set(chainID, (users.get(chainID) ?? 0) + 1);
  const sizes = new Map(
    all.flatMap(({ layers }) => layers.map(({ chainID, contentSize }) => [chainID, contentSize] as const)),
  );
  const sharedBytes = new Map(
    shown.map(({ id, layers }) => {
      const shared = layers.filter(({ chainID }) => (users.get(chainID) ?? 0) > 1);
      return [id, shared.reduce((sum, { contentSize }) => sum + contentSize, 0)] as const;
    }),
  );
  return { layersBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), sharedBytes };
}
