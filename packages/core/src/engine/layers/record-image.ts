import type { Digest } from '../../digest.ts';
import type { StoredDocument } from '../../image/build-image.ts';
import type { LayerRecord } from '../../metadata/metadata-store.ts';
import { parseImageConfig } from '../../oci/image-config.ts';
import { parseManifest } from '../../oci/manifest.ts';
import type { Reference } from '../../reference.ts';
import { storeDocument } from '../store/documents.ts';
import { imageFacts } from '../store/image-facts.ts';
import { isComplete } from '../store/layer-variant.ts';
import type { Store } from '../store/store.ts';

/** An image that was made here; its layers are in the store. */
export interface MadeImage {
  readonly config: StoredDocument;
  readonly manifest: StoredDocument;
  /** Base first. */
  readonly layers: readonly LayerRecord[];
  /** The image that it was made from, where listings and removals are to know of it. */
  readonly parent?: Digest;
  /** With a tag; absent: it gets no name. */
  readonly ref?: Reference;
  readonly taggedAt: Date;
}

/**
 * Stores the documents of an image and records it with its name, in one transaction; an image that is here
 * already keeps the form it has. `hold` gets what must outlive a sweep until then. Returns the image's ID.
 */
export async function recordImage(
  store: Store,
  { config, manifest, layers, parent, ref, taggedAt }: MadeImage,
  hold: (digest: Digest) => void,
  signal: AbortSignal,
): Promise<Digest> {
  const id = config.descriptor.digest;
  const known = store.metadata.findImage(id);
  const target = known && (await isComplete(store, known)) ? known.manifest : manifest.descriptor;
  const names = ref ? [{ ref, target, imageId: id, taggedAt }] : [];
  if (known && target === known.manifest) store.metadata.putImage(known, [], names);
  else {
    for (const { descriptor, bytes } of [config, manifest]) {
      hold(descriptor.digest);
      await storeDocument(store.blobs, descriptor, bytes, signal);
    }
    const facts = imageFacts(
      manifest.descriptor,
      parseManifest(manifest.bytes),
      parseImageConfig(config.bytes),
      layers,
      parent,
    );
    const children = [id, ...layers.map(({ digest }) => digest)];
    store.metadata.putImage(facts, [{ descriptor: manifest.descriptor, children }], names);
  }
  await store.publishIndex();
  return id;
}
