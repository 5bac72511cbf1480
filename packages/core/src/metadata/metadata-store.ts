import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Platform } from '../platform.ts';
import type { Reference } from '../reference.ts';
import type { BuildCacheStore } from './build-cache-store.ts';

/** A name in the store: a tag, or a repository at a digest. */
export interface ImageName {
  /** With a tag or a digest, never both. */
  readonly ref: Reference;
  /** What the name resolves to: an index or a manifest, as the registry or the archive had it. */
  readonly target: Descriptor;
  /** Digest of the config of the image chosen from `target`. */
  readonly imageId: Digest;
  /** When a tag, load or import last set the name; `NOT_TAGGED_HERE` for what a pull brought. */
  readonly taggedAt: Date;
}

/** The time of names that came from a registry: Docker counts no pull as tagging. */
export const NOT_TAGGED_HERE = new Date(0);

/** What listings need of one image, so that none of its documents is opened. */
export interface ImageFacts {
  /** Digest of the config. */
  readonly id: Digest;
  /** The manifest its blobs are stored under. */
  readonly manifest: Descriptor;
  /** As in the config, RFC 3339; absent when the config has none. */
  readonly created?: string;
  readonly platform: Platform;
  /** Bytes of the layers' files, as Docker counts an image. */
  readonly size: number;
  /** The image this one was committed or built from, where that is known. */
  readonly parent?: Digest;
  /** Base first. */
  readonly layers: readonly ImageLayer[];
}

/** What a listing shows of an image: of long lists, no more is read. */
export type ImageOutline = Omit<ImageFacts, 'layers' | 'manifest'> & {
  readonly manifest: Pick<Descriptor, 'digest'>;
};

export interface ImageLayer {
  /** Of the blob as the manifest names it; the store may hold the same tar under another. */
  readonly digest: Digest;
  readonly diffID: Digest;
  readonly chainID: Digest;
  /** Bytes of the layer's files. */
  readonly contentSize: number;
}

/** What one pass over a layer's bytes found. */
export interface LayerRecord {
  /** Of the blob. */
  readonly digest: Digest;
  readonly diffID: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  /** Bytes of the uncompressed tar. */
  readonly tarSize: number;
  /** Bytes of the files in the tar. */
  readonly contentSize: number;
}

/** A name, and the image that it names. */
export type BareName = Pick<ImageName, 'ref' | 'imageId'>;

/** Names and images. Everything is one short transaction; other processes see it whole or not at all. */
export interface ImageStore {
  findName(ref: Reference): ImageName | undefined;
  /** Every name, or those of one repository, in the order of their full forms. */
  listNames(repository?: Reference): ImageName[];
  /** Every name, in the same order, without what else is known of it: for long lists. */
  listBareNames(): BareName[];
  /** In the same order. */
  namesOf(imageId: Digest): ImageName[];
  /**
   * Sets a name. `replaces` is compared with the target's digest first (`null`: there must be no such name);
   * `CONFLICT` when it differs. `IMAGE_UNKNOWN` when the image is not in the store.
   */
  putName(name: ImageName, guard?: { readonly replaces: Digest | null }): void;
  deleteName(ref: Reference): boolean;
  findImage(id: Digest): ImageFacts | undefined;
  listImages(): ImageFacts[];
  /** Cheaper than `listImages` where the layers are of no interest. */
  listImageOutlines(): ImageOutline[];
  /** Image IDs that begin with `hex`, at most `limit`. */
  imageIdsByPrefix(hex: string, limit: number): Digest[];
  /** Records an image, the documents it consists of and the names it gets, in one transaction. */
  putImage(facts: ImageFacts, documents: readonly DocumentRecord[], names: readonly ImageName[]): void;
  /** Forgets the image, its names, its pin and its last use; what its blobs are for now is the sweep's business. */
  deleteImage(id: Digest): boolean;
  /**
   * Forgets that indexes lead to a manifest: they no longer hold what it needs. Those that the registry service
   * has go on holding it. Whoever records such an index again makes it lead there again.
   */
  dropFromIndexes(manifest: Digest): void;
  /** Images that no prune takes, in the order of their IDs. */
  pinnedImages(): Digest[];
  /** Tells whether it was not pinned before. Throws `IMAGE_UNKNOWN` when the image is not in the store. */
  pinImage(id: Digest): boolean;
  /** Tells whether it was pinned. */
  unpinImage(id: Digest): boolean;
  /** Notes that images are used now; does nothing where the store cannot be written. */
  noteUse(...ids: Digest[]): void;
  /** When images were last used; absent: not since such things are noted. */
  lastUses(): Map<Digest, Date>;
}

/** A container: its record is what whoever runs containers keeps of it, as JSON. */
export interface StoredContainer {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Without a slash before it; no two containers have the same. */
  readonly name: string;
  readonly imageId: Digest;
  readonly createdAt: Date;
  /** Grows with each change, so that a change can tell that another one came before it. */
  readonly revision: number;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Containers. Everything is one short transaction. */
export interface ContainerStore {
  /**
   * Throws `CONFLICT` when another container has the name, `IMAGE_UNKNOWN` when the image is not in the store.
   * `durable: false`: a loss of power may undo it.
   */
  putContainer(container: Omit<StoredContainer, 'revision'>, options?: { readonly durable?: boolean }): void;
  /** By the whole ID, the name, or the beginning of the ID, in this order. Throws `AMBIGUOUS_ID`. */
  findContainer(idOrName: string): StoredContainer | undefined;
  /** Newest first. */
  listContainers(): StoredContainer[];
  /**
   * Sets name, image and record, if the stored revision is still that of `container`; tells whether it was.
   * Throws `CONFLICT` when another container has the name. `durable: false`: a loss of power may undo it.
   */
  replaceContainer(container: StoredContainer, options?: { readonly durable?: boolean }): boolean;
  deleteContainer(id: string): boolean;
  /** The layers of a container's image, base first: they stay as long as the container, whatever becomes of the image. */
  layersOfContainer(id: string): ImageLayer[];
  /** The images that containers were made from. Neither they nor what they consist of is to be removed. */
  imagesOfContainers(): Digest[];
}

/** A stored index or manifest and what it names: the edges that the mark phase walks. */
export interface DocumentRecord {
  readonly descriptor: Descriptor;
  readonly children: readonly Digest[];
}

export interface LayerStore {
  putLayer(record: LayerRecord): void;
  findLayer(digest: Digest): LayerRecord | undefined;
  /** The blobs known to hold the tar, in any compression. */
  layersByDiffID(diffID: Digest): LayerRecord[];
}

/** Where blobs are known to be: for mounts, and to fetch what is only known by its diffID. */
export interface BlobLocationStore {
  addBlobLocation(digest: Digest, repository: Reference): void;
  blobLocations(digest: Digest): Reference[];
  removeBlobLocation(digest: Digest, repository: Reference): void;
}

/** What a lease names is not collected while the process that holds it lives. */
export interface Lease extends AsyncDisposable {
  add(...digests: Digest[]): void;
}

export interface LeaseStore {
  acquireLease(purpose: string): Promise<Lease>;
  /** What the leases of living processes name. */
  leasedDigests(): Set<Digest>;
}

/** A manifest of a repository of the registry service. */
export interface CatalogManifest {
  readonly repository: string;
  readonly digest: Digest;
  /** Absent: the manifest's record is lost, and the service does not find it. */
  readonly mediaType?: string;
  /** Its tags there, in ASCII order. */
  readonly tags: readonly string[];
}

/** Whether a repository has a blob, or had it until a client deleted it there. */
export type BlobLink = 'linked' | 'removed';

/** What a manifest of a repository has to do with other content, beyond its edges. */
export interface ManifestRelations {
  /** Linked to the repository. */
  readonly blobs?: readonly Digest[];
  /** Not kept from the sweep by the manifest that has it. */
  readonly subject?: Digest;
}

/** The names that the registry service gives to content. Repositories here are bare paths. */
export interface RegistryCatalogStore {
  findTag(repository: string, tag: string): Descriptor | undefined;
  findManifest(repository: string, digest: Digest): Descriptor | undefined;
  /** Tags after `last`, in ASCII order, at most `limit`; `undefined` when there is no such repository. */
  listTags(
    repository: string,
    options?: { readonly last?: string; readonly limit?: number },
  ): string[] | undefined;
  /** Repositories after `last`, in ASCII order, at most `limit`. */
  listRepositories(options?: { readonly last?: string; readonly limit?: number }): string[];
  /** Repositories with `text` in their names, after `last` in ASCII order, at most `limit`. */
  searchRepositories(text: string, options?: { readonly last?: string; readonly limit?: number }): string[];
  /** Records a manifest in a repository, with its edges, the tags it gets, links to blobs, and its subject. */
  putManifest(
    repository: string,
    document: DocumentRecord,
    tags: readonly string[],
    relations?: ManifestRelations,
  ): void;
  /** Takes a tag off; its manifest stays. Tells whether there was one. */
  deleteTag(repository: string, tag: string): boolean;
  /** Takes a manifest and its tags out of a repository. Tells whether it was there. */
  deleteManifest(repository: string, digest: Digest): boolean;
  /** The manifests of a repository that have `digest` as their subject, or else name it, in the order of their digests. */
  manifestsNaming(repository: string, digest: Digest): Descriptor[];
  findBlobLink(repository: string, digest: Digest): BlobLink | undefined;
  linkBlobs(repository: string, digests: readonly Digest[]): void;
  /** Remembers that a client deleted the blob there, whatever other repositories have. */
  unlinkBlob(repository: string, digest: Digest): void;
  /** The repositories that have `digest`, as a blob or as a manifest. */
  repositoriesOf(digest: Digest): string[];
  /** Every manifest of every repository, by repository and digest. */
  listCatalog(): CatalogManifest[];
  /**
   * Takes a manifest, with its tags, out of a repository if `isLost`, which is asked while nobody can record
   * one. Tells whether it was.
   */
  forgetManifest(repository: string, digest: Digest, isLost: () => boolean): boolean;
}

/** Small facts about this store and machine, such as the faster hash engine. */
export interface SettingStore {
  getSetting(name: string): string | undefined;
  setSetting(name: string, value: string): void;
}

/** For `system check` and its like. */
export interface MetadataInspection {
  readonly schemaVersion: number;
  /** What the database finds wrong with itself; empty: nothing. */
  integrityCheck(): string[];
  allLayers(): LayerRecord[];
  allDocuments(): DocumentRecord[];
  /** Forgets what is known of a blob that is gone: its layer, document and location records. */
  forgetBlob(digest: Digest): void;
}

export interface MetadataStore
  extends ImageStore,
    ContainerStore,
    BuildCacheStore,
    LayerStore,
    BlobLocationStore,
    LeaseStore,
    RegistryCatalogStore,
    SettingStore,
    MetadataInspection {
  /**
   * Runs `work` in one transaction: no other process changes anything from its start to its end, and what
   * throws undoes it all. `undo`: its changes last no longer than the call; what it found out is returned.
   */
  atomically<T>(work: () => T, options?: { readonly undo?: boolean }): T;
  /**
   * Keeps `digest` from the sweep for the grace period: content that a client was told is here, and may
   * soon name.
   */
  touch(...digests: Digest[]): void;
  /** Another one after each change, by whatever process: what was read before it may be read otherwise now. */
  revision(): string;
  /** Another one after each change by another process, or by another opening of the store in this one. */
  foreignRevision(): number;
  /** Everything that a name, a registry entry, a live lease or the grace period holds. */
  reachable(): Set<Digest>;
  /** Those of `candidates` that nothing holds: what a sweep would take. */
  unheld(candidates: Iterable<Digest>): Digest[];
  /**
   * Runs `remove` on each of `candidates` that nothing holds, while no other process can add a name or a
   * lease. Returns those for which it answered true. Their layer, document and location records are gone
   * before the first removal, so a process that dies on the way leaves no record of what is missing.
   */
  sweep(remove: (digest: Digest) => boolean, candidates: Iterable<Digest>): Digest[];
  close(): void;
}
