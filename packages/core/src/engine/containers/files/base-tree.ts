import type { LayerRecord } from '../../../metadata/metadata-store.ts';
import { ImageTree, type TreeDirectory } from '../../../tree/image-tree.ts';
import { layerEntries } from '../../layers/layer-entries.ts';
import type { Store } from '../../store/store.ts';

/** The files of the layers, base first. Throws what reading the tables of contents throws, `CANCELLED`. */
export async function baseTree(
  store: Store,
  layers: readonly Pick<LayerRecord, 'digest'>[],
  signal?: AbortSignal,
): Promise<TreeDirectory> {
  const tree = new ImageTree();
  for (const { digest } of layers) tree.apply(await layerEntries(store, digest, signal));
  return tree.root;
}
