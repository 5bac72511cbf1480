import type { ImageFacts, ImageLayer, LayerRecord } from '../metadata/metadata-store.ts';
import type { Store } from './store.ts';

/** The blob that holds a layer's tar here: the manifest's own, else the tar in another compression. */
export async function layerVariant(
  store: Store,
  layer: Pick<ImageLayer, 'digest' | 'diffID'>,
): Promise<LayerRecord | undefined> {
  const own = store.metadata.findLayer(layer.digest);
  const candidates = [...(own ? [own] : []), ...store.metadata.layersByDiffID(layer.diffID)];
  for (const record of candidates)
    if (record.diffID === layer.diffID && (await store.blobs.stat(record.digest))) return record;
  return undefined;
}

/** Tells whether all of an image can be read from the store. */
export async function isComplete(store: Store, facts: ImageFacts): Promise<boolean> {
  for (const layer of facts.layers) if (!(await layerVariant(store, layer))) return false;
  const documents = await Promise.all(
    [facts.id, facts.manifest.digest].map((digest) => store.blobs.stat(digest)),
  );
  return documents.every((found) => found !== undefined);
}
