import type { ByteSource } from '../../../bytes/byte-source.ts';
import { concatBytes } from '../../../bytes/concat.ts';
import { type TarItem, writeTar } from '../../../tar/writer.ts';
import type { EntrySource } from '../../../tree/image-tree.ts';
import { treeItems } from '../../../tree/tree-files.ts';
import { LayerRanges } from '../../layers/layer-ranges.ts';
import { layerAt, mergedTree } from '../../layers/merged-layers.ts';
import type { BuiltImage, ResultContext } from '../built-image.ts';

/** An image, and the directory of the archive that its files go to; absent: the archive's root. */
export interface PlacedImage {
  readonly image: BuiltImage;
  readonly folder?: string;
}

/** The files of images as one tar, by name. The same files give the same bytes. */
export function filesAsTar(context: ResultContext, images: readonly PlacedImage[]): ByteSource {
  return writeTar(itemsOf(context, images));
}

async function* itemsOf(
  { deps: { store }, signal, scratch }: ResultContext,
  images: readonly PlacedImage[],
): AsyncGenerator<TarItem> {
  await using ranges = new LayerRanges(store, scratch);
  for (const { image, folder } of images) {
    const tree = await mergedTree(store, image.layers, signal);
    const read = ({ layer, entry }: EntrySource) =>
      ranges.read(layerAt(image.layers, layer).digest, entry.dataOffset, entry.size);
    if (folder !== undefined) yield { entry: { name: `${folder}/`, type: 'directory' } };
    for (const item of treeItems(tree, read)) yield folder === undefined ? item : moved(item, `${folder}/`);
  }
}

function moved({ entry, body }: TarItem, prefix: string): TarItem {
  const placed = {
    ...entry,
    name: below(prefix, entry.name),
    ...(entry.type === 'hardlink' && { link: below(prefix, entry.link ?? '') }),
  };
  return { entry: placed, ...(body && { body }) };
}

function below(prefix: string, path: string | Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  return concatBytes([encoder.encode(prefix), typeof path === 'string' ? encoder.encode(path) : path]);
}
