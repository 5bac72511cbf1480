import type { Digest } from '../../digest.ts';
import type { ImageFacts, ImageName } from '../../metadata/metadata-store.ts';
import { isIndexType, isManifestType } from '../../oci/media-types.ts';
import { familiarName, repositoryOf } from '../../reference.ts';
import type { RemovalEvent } from '../engine.ts';
import type { Store } from '../store/store.ts';

export interface TakeOptions {
  /** Keeps untagged parents. */
  readonly noPrune?: boolean;
  /** Takes names only, the last one too. */
  readonly keepImage?: boolean;
}

/**
 * Takes names and images out of the metadata by the rules of Docker's classic image store, and notes what it
 * did. It knows the store as it was when it was made: use it within one `metadata.atomically`, and sweep
 * `content` when that is done.
 */
export class Removal {
  readonly events: RemovalEvent[] = [];
  /** The blobs that what was taken may have held alone. */
  readonly content = new Set<Digest>();
  /** Bytes of the files in the layers that no image rests on any more. */
  contentBytes = 0;
  readonly #store: Store;
  readonly #isKept: (image: Digest) => boolean;
  readonly #images = new Map<Digest, ImageFacts>();
  readonly #names: Map<Digest, ImageName[]>;
  /** How many images have this one as their parent, or rest on this chain of layers. */
  readonly #children = new Map<Digest, number>();
  readonly #layerUsers = new Map<Digest, number>();
  /** DiffIDs of layers that stay for builds to come. */
  readonly #cached: ReadonlySet<Digest>;

  /** What `isKept` tells of, a removal does not take along: it must be asked for itself. */
  constructor(store: Store, isKept: (image: Digest) => boolean) {
    this.#store = store;
    this.#isKept = isKept;
    this.#names = Map.groupBy(store.metadata.listNames(), (name) => name.imageId);
    this.#cached = new Set(
      store.metadata.listBuildCache().flatMap(({ layer }) => (layer ? [layer.diffID] : [])),
    );
    for (const facts of store.metadata.listImages()) {
      this.#images.set(facts.id, facts);
      if (facts.parent) count(this.#children, facts.parent, 1);
      for (const layer of facts.layers) count(this.#layerUsers, layer.chainID, 1);
    }
    // Each container has the layers of its image for itself, too.
    for (const image of store.metadata.imagesOfContainers())
      for (const layer of this.#images.get(image)?.layers ?? []) count(this.#layerUsers, layer.chainID, 1);
  }

  images(): Iterable<ImageFacts> {
    return this.#images.values();
  }

  namesOf(image: Digest): readonly ImageName[] {
    return this.#names.get(image) ?? [];
  }

  hasChildren(image: Digest): boolean {
    return (this.#children.get(image) ?? 0) > 0;
  }

  /** Takes these names off the image. With its last one the image goes too, unless another was made from it. */
  take(facts: ImageFacts, names: readonly ImageName[], options: TakeOptions = {}): void {
    const { metadata } = this.#store;
    // Before the names go: they lead to the index the image came in.
    const companions = this.#companionsOf(facts);
    for (const name of inDockersOrder(names)) this.#untag(name);
    if (this.namesOf(facts.id).length > 0) {
      this.#keepForm(facts);
      return;
    }
    if (!options.keepImage) this.#delete(facts, options);
    for (const image of companions)
      if (!metadata.isNamed(image.manifest.digest)) this.#delete(image, options);
  }

  /**
   * Takes one image out of the indexes it came in, of which others stay: the names in `moved` show those then.
   * `manifests` are those of the indexes that go: the image's, and what attests to it.
   */
  takeVariant(
    facts: ImageFacts,
    manifests: readonly Digest[],
    names: { readonly moved: readonly ImageName[]; readonly untagged: readonly ImageName[] },
    options: TakeOptions = {},
  ): void {
    const { metadata } = this.#store;
    for (const name of names.moved) {
      metadata.putName(name);
      this.#names.set(name.imageId, [...this.namesOf(name.imageId), name]);
    }
    this.#names.set(facts.id, [...names.untagged]);
    for (const name of inDockersOrder(names.untagged)) this.#untag(name);
    for (const digest of metadata.descendants(manifests)) this.content.add(digest);
    for (const manifest of manifests) metadata.dropFromIndexes(manifest);
    this.#delete(facts, options);
  }

  #untag(name: ImageName): void {
    const { metadata } = this.#store;
    for (const digest of metadata.descendants([name.target.digest])) this.content.add(digest);
    metadata.deleteName(name.ref);
    this.#names.set(
      name.imageId,
      this.namesOf(name.imageId).filter((other) => other !== name),
    );
    this.events.push({ untagged: familiarName(name.ref) });
  }

  /**
   * An image may have several manifests, whose layers are packed differently. When the names of its own one are
   * gone, one that is still named becomes its own, so that nothing keeps the other's blobs.
   */
  #keepForm(facts: ImageFacts): void {
    const { metadata } = this.#store;
    const targets = this.namesOf(facts.id).map((name) => name.target);
    if (metadata.descendants(targets.map(({ digest }) => digest)).has(facts.manifest.digest)) return;
    const manifest = targets.find(({ mediaType }) => isManifestType(mediaType));
    if (!manifest) return;
    const blobs = [...metadata.descendants([manifest.digest])].map((digest) => metadata.findLayer(digest));
    const layers = facts.layers.map((layer) => {
      const blob = blobs.find((record) => record?.diffID === layer.diffID);
      return { ...layer, digest: blob?.digest ?? layer.digest };
    });
    const { mediaType, digest, size } = manifest;
    const kept = { ...facts, manifest: { mediaType, digest, size }, layers };
    metadata.putImage(kept, [], []);
    this.#images.set(facts.id, kept);
  }

  #delete(facts: ImageFacts, options: TakeOptions): void {
    // It may have gone along with another already.
    if (!this.#images.has(facts.id) || this.hasChildren(facts.id)) return;
    const { metadata } = this.#store;
    for (const digest of this.#store.contentOf(facts)) this.content.add(digest);
    metadata.deleteImage(facts.id);
    this.#images.delete(facts.id);
    this.events.push({ deleted: facts.id });
    for (const { chainID, diffID, contentSize } of [...facts.layers].reverse()) {
      if (count(this.#layerUsers, chainID, -1) > 0 || this.#cached.has(diffID)) continue;
      this.events.push({ deleted: chainID });
      this.contentBytes += contentSize;
    }
    if (!facts.parent) return;
    count(this.#children, facts.parent, -1);
    const parent = this.#images.get(facts.parent);
    if (parent && !options.noPrune && this.#goesAlong(parent)) this.#delete(parent, options);
  }

  /** Nameless images that came with this one in an index: those for other platforms. */
  #companionsOf(facts: ImageFacts): ImageFacts[] {
    const { metadata } = this.#store;
    const indexes = this.namesOf(facts.id).filter((name) => isIndexType(name.target.mediaType));
    if (indexes.length === 0) return [];
    const content = metadata.descendants(indexes.map((name) => name.target.digest));
    return [...this.#images.values()].filter(
      ({ id, manifest }) =>
        id !== facts.id && content.has(manifest.digest) && this.namesOf(id).length === 0 && !this.#isKept(id),
    );
  }

  #goesAlong({ id, manifest }: ImageFacts): boolean {
    return (
      this.namesOf(id).length === 0 && !this.#isKept(id) && !this.#store.metadata.isNamed(manifest.digest)
    );
  }
}

/** Docker untags in the order of the repositories, tags before digests. */
function inDockersOrder(names: readonly ImageName[]): ImageName[] {
  const key = (name: ImageName) =>
    `${familiarName(repositoryOf(name.ref))}\0${name.ref.digest ? 1 : 0}\0${familiarName(name.ref)}`;
  return [...names].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Returns what the count is now. */
function count(counts: Map<Digest, number>, key: Digest, step: 1 | -1): number {
  const next = (counts.get(key) ?? 0) + step;
  counts.set(key, next);
  return next;
}
