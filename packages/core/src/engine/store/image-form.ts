import type { ImageFacts } from '../../metadata/metadata-store.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { ResolvedImage } from '../resolve.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from './documents.ts';
import type { Store } from './store.ts';

/**
 * The image as its name has it: one image, by its ID, may have several manifests whose layers are packed
 * differently, each with names of its own. Without a name, or under an index, the image's own.
 */
export async function imageForm(
  store: Store,
  { facts, name }: Pick<ResolvedImage, 'facts' | 'name'>,
): Promise<ImageFacts> {
  const target = name?.target;
  if (!target || target.digest === facts.manifest.digest || !isManifestType(target.mediaType)) return facts;
  if (!(await store.blobs.stat(target.digest))) return facts;
  const { layers } = parseManifest(await readOwnDocument(store.blobs, target.digest, MAX_MANIFEST_BYTES));
  const { mediaType, digest, size } = target;
  return {
    ...facts,
    manifest: { mediaType, digest, size },
    layers: facts.layers.map((layer, i) => ({ ...layer, digest: layers[i]?.digest ?? layer.digest })),
  };
}
