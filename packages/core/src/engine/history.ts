import { collect } from '../bytes/collect.ts';
import type { ImageFacts, ImageStore } from '../metadata/metadata-store.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import type { HistoryEntry, PlatformChoice } from './engine.ts';
import { createdDate, familiarNames } from './images.ts';
import { resolveImage } from './resolve.ts';
import { chosenImage } from './selection/chosen-image.ts';
import { MAX_CONFIG_BYTES } from './store/documents.ts';
import type { Store } from './store/store.ts';

/**
 * Tells how an image came to be, newest entry first, from its config. Throws `IMAGE_UNKNOWN`,
 * `PLATFORM_UNKNOWN`. OCI image-spec v1.1, config.md "history".
 */
export async function history(
  deps: { readonly store: Store },
  image: string,
  { platform }: PlatformChoice = {},
): Promise<HistoryEntry[]> {
  const { metadata, blobs } = deps.store;
  const facts = await chosenImage(deps.store, resolveImage(metadata, image), platform, image);
  const config = parseImageConfig(await collect(blobs.read(facts.id), MAX_CONFIG_BYTES));
  let layer = 0;
  const entries = (config.history ?? []).map((entry): HistoryEntry => {
    const made = entry.empty_layer ? undefined : facts.layers[layer++];
    return {
      created: createdDate(entry.created),
      createdBy: entry.created_by ?? '',
      comment: entry.comment ?? '',
      size: made?.contentSize ?? 0,
      tags: [],
      ...(made && { layer: made.diffID }),
    };
  });
  // Configs may leave their history out; the layers are there all the same.
  for (const { contentSize, diffID } of facts.layers.slice(layer))
    entries.push({
      created: undefined,
      createdBy: '',
      comment: '',
      size: contentSize,
      tags: [],
      layer: diffID,
    });
  return withImages(metadata, facts, entries.reverse());
}

/** Says of which image an entry is the last step, for the image itself and the parents that are here. */
function withImages(store: ImageStore, top: ImageFacts, entries: readonly HistoryEntry[]): HistoryEntry[] {
  let image: ImageFacts | undefined = top;
  return entries.map((entry) => {
    if (!image) return entry;
    const { id, parent }: ImageFacts = image;
    image = parent && store.findImage(parent);
    return { ...entry, id, tags: familiarNames(store.namesOf(id), 'tag') };
  });
}
