import type { StepImage } from '../../../build/build-deps.ts';
import type { Digest } from '../../../digest.ts';
import { makeManifest } from '../../../image/build-image.ts';
import type { ImageFacts, LayerRecord } from '../../../metadata/metadata-store.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { parseImageConfig } from '../../../oci/image-config.ts';
import { parseManifest } from '../../../oci/manifest.ts';
import { storeDocument } from '../../store/documents.ts';
import { imageFacts } from '../../store/image-facts.ts';
import { storedDescriptor } from '../../store/layer-variant.ts';
import type { Store } from '../../store/store.ts';

/**
 * The images that steps made, until they are recorded together: each step's is the parent of the next one's, as with
 * Docker's classic builder.
 */
export class StepImages {
  readonly #store: Store;
  readonly #hold: (digest: Digest) => void;
  readonly #pending = new Map<Digest, StepImage>();
  readonly #descriptors = new Map<Digest, Descriptor>();

  /** `hold` keeps a digest from the sweep until the build is over. */
  constructor(store: Store, hold: (digest: Digest) => void) {
    this.#store = store;
    this.#hold = hold;
  }

  add(image: StepImage): void {
    this.#pending.set(image.document.descriptor.digest, image);
  }

  /** Stores the documents of those that are new, then records all of them in one transaction. */
  async record(signal?: AbortSignal): Promise<void> {
    const { metadata, blobs } = this.#store;
    const images = [...this.#pending].filter(([id]) => metadata.findImage(id) === undefined);
    this.#pending.clear();
    if (images.length === 0) return;
    const made = images.map(([, image]) => this.#prepare(image));
    const documents = made.flatMap(({ image, manifest }) => [image.document, manifest]);
    await Promise.all(
      documents.map(async ({ descriptor, bytes }) => {
        this.#hold(descriptor.digest);
        await storeDocument(blobs, descriptor, bytes, signal);
      }),
    );
    metadata.atomically(() => {
      for (const { facts, manifest } of made) {
        const children = [facts.id, ...facts.layers.map(({ digest }) => digest)];
        metadata.putImage(facts, [{ descriptor: manifest.descriptor, children }], []);
      }
    });
  }

  /** An image that was recorded. */
  recorded(id: Digest): ImageFacts {
    const facts = this.#store.metadata.findImage(id);
    if (facts === undefined) throw new Error(`image ${id} was built and is not here`);
    return facts;
  }

  #prepare(image: StepImage) {
    const { document, layers, parent } = image;
    const manifest = makeManifest(
      document.descriptor,
      layers.map(({ digest, size }) => this.#descriptorOf(digest, size)),
    );
    const facts = imageFacts(
      manifest.descriptor,
      parseManifest(manifest.bytes),
      parseImageConfig(document.bytes),
      layers.map(({ digest }) => this.#recordOf(digest)),
      parent,
    );
    return { image, manifest, facts };
  }

  /** How a layer is packed is read from its file, once. */
  #descriptorOf(digest: Digest, size: number): Descriptor {
    const known = this.#descriptors.get(digest) ?? storedDescriptor(this.#store, { digest, size });
    this.#descriptors.set(digest, known);
    return known;
  }

  #recordOf(digest: Digest): LayerRecord {
    const record = this.#store.metadata.findLayer(digest);
    if (record === undefined) throw new Error(`layer ${digest} of a step has no record`);
    return record;
  }
}
