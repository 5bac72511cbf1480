import type { ByteSource } from '../bytes/byte-source.ts';
import { type TarItem, writeTar } from '../tar/writer.ts';
import { LayerContents } from './layer-contents.ts';
import type { LayerPlan, PlannedFile } from './layer-plan.ts';
import { fromLatin1 } from './tree-path.ts';

/**
 * Writes the tar of a planned layer. `open` gives the tar of a layer, uncompressed, from its beginning; each is
 * read once at most, as far as it is needed. The same layers give the same bytes. Throws `TRUNCATED` when a
 * layer is shorter than its table of contents says, and what its source throws.
 */
export function writePlannedLayer(plan: LayerPlan, open: (layer: number) => ByteSource): ByteSource {
  return writeTar(plannedItems(plan, open));
}

/** The same as what a tar is made of, to be read in order, each body before the next item. */
export async function* plannedItems(
  { frame, files }: LayerPlan,
  open: (layer: number) => ByteSource,
): AsyncGenerator<TarItem> {
  for (const entry of frame) yield { entry };
  for (const [layer, inLayer] of Map.groupBy(files, ({ source }) => source.layer)) {
    const contents = new LayerContents(() => open(layer));
    try {
      for (const file of inLayer) yield* fileItems(file, contents);
    } finally {
      await contents.close();
    }
  }
}

function* fileItems({ source: { entry }, paths }: PlannedFile, contents: LayerContents): Generator<TarItem> {
  const [first, ...others] = paths.map(fromLatin1);
  if (first === undefined) return;
  const file = { ...entry, name: first };
  yield entry.size === 0
    ? { entry: file }
    : { entry: file, body: contents.read(entry.dataOffset, entry.size) };
  // With all that the file has: who unpacks a link sets its owner, and with that takes capabilities off.
  for (const name of others)
    yield { entry: { ...entry, name, type: 'hardlink', link: first, size: 0, ...NO_DEVICE } };
}

const NO_DEVICE = { devMajor: 0, devMinor: 0 };
