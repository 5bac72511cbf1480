import type { Digest } from '../../digest.ts';
import { makeManifest } from '../../image/build-image.ts';
import type { DocumentRecord, ImageFacts } from '../../metadata/metadata-store.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPES } from '../../oci/media-types.ts';
import { MAX_MANIFEST_BYTES, readDocument, storeDocument } from '../store/documents.ts';
import { requireLayerVariant, storedDescriptor } from '../store/layer-variant.ts';
import type { Store } from '../store/store.ts';

/** Tells whether every blob that the image's manifest names is here, not its tar in another form alone. */
export async function hasOwnBlobs({ blobs }: Store, facts: ImageFacts): Promise<boolean> {
  const found = await Promise.all(facts.layers.map(({ digest }) => blobs.stat(digest)));
  return found.every((blob) => blob !== undefined);
}

/**
 * The image with a new manifest, of the blobs that are here: what no registry is known to have could not be
 * pushed otherwise. Throws `BLOB_UNKNOWN`.
 */
export async function inOwnForm(
  store: Store,
  facts: ImageFacts,
  hold: (digest: Digest) => void,
  signal: AbortSignal,
): Promise<{ readonly facts: ImageFacts; readonly document: DocumentRecord }> {
  const { config } = parseManifest(
    await readDocument(store.blobs, facts.manifest.digest, MAX_MANIFEST_BYTES),
  );
  const records = await Promise.all(facts.layers.map((layer) => requireLayerVariant(store, layer)));
  const { descriptor, bytes } = makeManifest(
    { ...config, mediaType: MEDIA_TYPES.ociConfig },
    records.map((record) => storedDescriptor(store, record)),
  );
  hold(descriptor.digest);
  await storeDocument(store.blobs, descriptor, bytes, signal);
  const layers = facts.layers.map((layer, i) => ({ ...layer, digest: records[i]?.digest ?? layer.digest }));
  const children = [config.digest, ...records.map(({ digest }) => digest)];
  return { facts: { ...facts, manifest: descriptor, layers }, document: { descriptor, children } };
}
