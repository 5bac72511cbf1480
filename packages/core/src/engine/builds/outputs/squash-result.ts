import { squashConfig } from '../../../image/squash-config.ts';
import type { LayerRecord } from '../../../metadata/metadata-store.ts';
import { mergedTar } from '../../layers/merged-layers.ts';
import { storeLayer } from '../../layers/store-layer.ts';
import { MAX_CONFIG_BYTES, readOwnDocument } from '../../store/documents.ts';
import { requireLayerVariant } from '../../store/layer-variant.ts';
import type { BuiltImage, ResultContext } from '../built-image.ts';
import type { StepImages } from '../steps/step-images.ts';

/**
 * The image with one layer in the place of all that the build added, as Docker's `build --squash` makes it; the image
 * itself where it added no two. Throws what a merge of layers throws.
 */
export async function squashResult(
  { deps, signal, hold }: ResultContext,
  image: BuiltImage,
  images: StepImages,
): Promise<BuiltImage> {
  const { store } = deps;
  const { facts, base } = image;
  const kept = base?.layers ?? 0;
  if (image.layers.length - kept <= 1) return image;
  const records: LayerRecord[] = [];
  for (const layer of image.layers) records.push(await requireLayerVariant(store, layer));
  const tar = await mergedTar(store, records, { kept, emit: () => undefined, signal });
  const merged = await storeLayer(deps, tar, { hold: ({ digest }) => hold(digest), signal }).stored;
  const comment = base ? `merge ${facts.id} to ${base.id}` : `create new from ${facts.id}`;
  const bytes = await readOwnDocument(store.blobs, facts.id, MAX_CONFIG_BYTES);
  const document = squashConfig(bytes, { kept, diffID: merged.diffID, comment });
  const layers = [...image.layers.slice(0, kept), merged];
  images.add({ document, layers });
  await images.record(signal);
  return { ...image, facts: images.recorded(document.descriptor.digest), layers };
}
