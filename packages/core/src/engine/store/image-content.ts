import type { Digest } from '../../digest.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from './documents.ts';
import type { Store } from './store.ts';

export interface SizedContent {
  readonly digest: Digest;
  readonly size: number;
}

/** What images consist of, and how large it is. Sizes are looked up once: make one for each listing. */
export class ImageContent {
  readonly #store: Store;
  readonly #sizes = new Map<Digest, Promise<number>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The blobs of the store that an image needs: manifest, config, and each layer in every form that is here. */
  blobsOf({ id, manifest, layers }: ImageFacts): Set<Digest> {
    const { metadata } = this.#store;
    const found = new Set([manifest.digest, id]);
    for (const layer of layers) {
      found.add(layer.digest);
      for (const { digest } of metadata.layersByDiffID(layer.diffID)) found.add(digest);
    }
    return found;
  }

  /** Bytes of these blobs' files; of those that are not here, none. */
  async bytesOf(digests: Iterable<Digest>): Promise<number> {
    let sum = 0;
    for (const digest of digests) {
      const size = this.#sizes.get(digest) ?? this.#sizeOf(digest);
      this.#sizes.set(digest, size);
      sum += await size;
    }
    return sum;
  }

  /** What a pull of the image brings: the manifest, and what it names. Throws `CORRUPT`. */
  async transferOf({ manifest }: ImageFacts): Promise<SizedContent[]> {
    const bytes = await readOwnDocument(this.#store.blobs, manifest.digest, MAX_MANIFEST_BYTES);
    const { config, layers } = parseManifest(bytes);
    return [{ digest: manifest.digest, size: bytes.length }, config, ...layers];
  }

  async #sizeOf(digest: Digest): Promise<number> {
    return (await this.#store.blobs.stat(digest))?.size ?? 0;
  }
}

/** Bytes of all of these, each counted once. */
export function totalBytes(contents: Iterable<SizedContent>): number {
  const sizes = new Map<Digest, number>();
  for (const { digest, size } of contents) sizes.set(digest, size);
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
