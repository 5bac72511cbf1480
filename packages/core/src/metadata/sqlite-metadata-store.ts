import { mkdirSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { BlobInfo } from '../content/blob-store.ts';
import { toStorageError } from '../content/storage-error.ts';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reference } from '../reference.ts';
import { BlobLinkTable } from './blob-link-table.ts';
import type { BuildCacheRecord, NewBuildCacheRecord } from './build-cache-store.ts';
import { BuildCacheTable } from './build-cache-table.ts';
import type { CatalogObserver } from './catalog-observer.ts';
import { ContainerTable } from './container-table.ts';
import { DocumentTable } from './document-table.ts';
import { ImageTable } from './image-table.ts';
import { LayerTable } from './layer-table.ts';
import { LeaseTable } from './lease-table.ts';
import { MetadataDatabase } from './metadata-database.ts';
import type {
  BareName,
  BlobLink,
  CatalogManifest,
  DocumentRecord,
  ImageFacts,
  ImageLayer,
  ImageName,
  ImageOutline,
  LayerRecord,
  Lease,
  ManifestRelations,
  MetadataStore,
  StoredContainer,
} from './metadata-store.ts';
import { migrate, schemaVersionOf } from './migrations.ts';
import type { MirrorStore } from './mirror-store.ts';
import { MirrorTable } from './mirror-table.ts';
import { NameTable } from './name-table.ts';
import { PinTable } from './pin-table.ts';
import { QuotaTable } from './quota-table.ts';
import { descendantsOf, digestsOfImages, isCatalogued, isNamed } from './reachability.ts';
import { RegistryCatalog } from './registry-catalog.ts';
import { RegistryTags } from './registry-tags.ts';
import { Collector } from './sweep.ts';
import { TrashTable } from './trash-table.ts';
import { UntaggedManifests } from './untagged-manifests.ts';
import { UseTable } from './use-table.ts';
import { WebhookQueue } from './webhook-queue.ts';

/** The metadata of a store, in `metadata.db` under its root; this class only puts the tables together. */
export class SqliteMetadataStore implements MetadataStore {
  /** What the mirror caches of other registries. */
  readonly mirror: MirrorStore;
  /** What was collected and can be brought back. */
  readonly trash: TrashTable;
  /** What garbage collection asks of the registry service's catalogue. */
  readonly untagged: UntaggedManifests;
  /** What repositories take, for those that are limited. */
  readonly quotas: QuotaTable;
  /** Notifications that wait for those who are to be told. */
  readonly webhooks: WebhookQueue;
  /** The tags of the registry service's catalogue, with their ages. */
  readonly registryTags: RegistryTags;
  readonly #database: MetadataDatabase;
  readonly #names: NameTable;
  readonly #images: ImageTable;
  readonly #pins: PinTable;
  readonly #uses: UseTable;
  readonly #containers: ContainerTable;
  readonly #buildCache: BuildCacheTable;
  readonly #documents: DocumentTable;
  readonly #layers: LayerTable;
  readonly #leases: LeaseTable;
  readonly #links: BlobLinkTable;
  readonly #catalog: RegistryCatalog;
  readonly #collector: Collector;

  private constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#names = new NameTable(database);
    this.#images = new ImageTable(database);
    this.#pins = new PinTable(database, clock);
    this.#uses = new UseTable(database, clock);
    this.#containers = new ContainerTable(database);
    this.#buildCache = new BuildCacheTable(database, clock);
    this.#documents = new DocumentTable(database);
    this.#layers = new LayerTable(database);
    this.#leases = new LeaseTable(database, clock);
    this.#links = new BlobLinkTable(database);
    this.#catalog = new RegistryCatalog(database, this.#documents, this.#links);
    this.mirror = new MirrorTable(database, clock);
    this.#collector = new Collector(database, clock, {
      leases: this.#leases,
      documents: this.#documents,
      layers: this.#layers,
      links: this.#links,
    });
    this.trash = new TrashTable(database, clock, {
      documents: this.#documents,
      layers: this.#layers,
      links: this.#links,
    });
    this.quotas = new QuotaTable(database, clock);
    this.webhooks = new WebhookQueue(database, clock);
    this.registryTags = new RegistryTags(database, clock);
    this.untagged = new UntaggedManifests(database, this.#collector, this.trash);
  }

  /**
   * Opens the store's metadata, and makes it where there is none. Without the right to write, what is there
   * can be read. Throws `SCHEMA_TOO_NEW`, `PERMISSION_DENIED`, `CORRUPT`.
   */
  static open(root: string, options: { readonly clock?: Clock } = {}): SqliteMetadataStore {
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw toStorageError(error, `make ${root}`);
    }
    const database = MetadataDatabase.open(root);
    try {
      migrate(database);
      return new SqliteMetadataStore(database, options.clock ?? systemClock);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get schemaVersion(): number {
    return schemaVersionOf(this.#database);
  }

  /** The store cannot be written; changes throw `PERMISSION_DENIED`. */
  get isReadOnly(): boolean {
    return this.#database.isReadOnly;
  }

  findName(ref: Reference): ImageName | undefined {
    return this.#names.find(ref);
  }

  listNames(repository?: Reference): ImageName[] {
    return this.#names.list(repository);
  }

  namesOf(imageId: Digest): ImageName[] {
    return this.#names.listOfImage(imageId);
  }

  /** Grows with every change of any name, in the transaction of the change. */
  namesVersion(): number {
    return this.#names.version();
  }

  putName(name: ImageName, guard?: { readonly replaces: Digest | null }): void {
    this.#names.put(name, guard);
  }

  deleteName(ref: Reference): boolean {
    return this.#names.delete(ref);
  }

  findImage(id: Digest): ImageFacts | undefined {
    return this.#images.find(id);
  }

  listImages(): ImageFacts[] {
    return this.#images.list();
  }

  listBareNames(): BareName[] {
    return this.#names.listBare();
  }

  listImageOutlines(): ImageOutline[] {
    return this.#images.listOutlines();
  }

  imageIdsByPrefix(hex: string, limit: number): Digest[] {
    return this.#images.idsByPrefix(hex, limit);
  }

  putImage(facts: ImageFacts, documents: readonly DocumentRecord[], names: readonly ImageName[]): void {
    this.#database.transaction(() => {
      for (const document of documents) this.#documents.put(document);
      this.#images.put(facts);
      for (const name of names) this.#names.put(name);
    });
  }

  deleteImage(id: Digest): boolean {
    return this.#database.transaction(() => {
      const image = this.#images.find(id);
      if (image === undefined) return false;
      const documents = this.#names.listOfImage(id).map((name) => name.target.digest);
      this.#images.delete(id);
      this.#collector.forgetDocuments([...documents, image.manifest.digest]);
      return true;
    });
  }

  dropFromIndexes(manifest: Digest): void {
    this.#database.transaction(() => {
      for (const index of this.#documents.parents(manifest))
        if (!isCatalogued(this.#database, index)) this.#documents.cut(index, manifest);
    });
  }

  pinnedImages(): Digest[] {
    return this.#pins.list();
  }

  pinImage(id: Digest): boolean {
    return this.#pins.put(id);
  }

  unpinImage(id: Digest): boolean {
    return this.#pins.delete(id);
  }

  noteUse(...ids: Digest[]): void {
    this.#uses.note(ids);
  }

  lastUses(): Map<Digest, Date> {
    return this.#uses.list();
  }

  putContainer(container: Omit<StoredContainer, 'revision'>, options?: { readonly durable?: boolean }): void {
    this.#containers.put(container, options);
  }

  findContainer(idOrName: string): StoredContainer | undefined {
    return this.#containers.find(idOrName);
  }

  listContainers(): StoredContainer[] {
    return this.#containers.list();
  }

  replaceContainer(container: StoredContainer, options?: { readonly durable?: boolean }): boolean {
    return this.#containers.replace(container, options);
  }

  deleteContainer(id: string): boolean {
    return this.#containers.delete(id);
  }

  layersOfContainer(id: string): ImageLayer[] {
    const container = this.#containers.find(id);
    return container ? this.#images.layersOf(container.imageId) : [];
  }

  imagesOfContainers(): Digest[] {
    return this.#containers.images();
  }

  findBuildCache(key: string): BuildCacheRecord | undefined {
    return this.#buildCache.find(key);
  }

  listBuildCache(): BuildCacheRecord[] {
    return this.#buildCache.list();
  }

  latestBuildCache(slot: string, description: string, limit: number): BuildCacheRecord[] {
    return this.#buildCache.latest(slot, description, limit);
  }

  putBuildCache(record: NewBuildCacheRecord): Digest | undefined {
    return this.#buildCache.put(record);
  }

  touchBuildCache(...keys: string[]): void {
    this.#buildCache.touch(keys);
  }

  deleteBuildCache(keys: readonly string[], options?: { readonly remember?: boolean }): Digest[] {
    return this.#buildCache.delete(keys, options);
  }

  buildCacheBytes(): number {
    return this.#buildCache.bytes();
  }

  wasBuildCacheRemoved(key: string): boolean {
    return this.#buildCache.wasRemoved(key);
  }

  putLayer(record: LayerRecord): void {
    this.#layers.put(record);
  }

  findLayer(digest: Digest): LayerRecord | undefined {
    return this.#layers.find(digest);
  }

  layersByDiffID(diffID: Digest): LayerRecord[] {
    return this.#layers.byDiffID(diffID);
  }

  allLayers(): LayerRecord[] {
    return this.#layers.list();
  }

  addBlobLocation(digest: Digest, repository: Reference): void {
    this.#layers.addLocation(digest, repository);
  }

  blobLocations(digest: Digest): Reference[] {
    return this.#layers.locations(digest);
  }

  removeBlobLocation(digest: Digest, repository: Reference): void {
    this.#layers.removeLocation(digest, repository);
  }

  async acquireLease(purpose: string): Promise<Lease> {
    return this.#leases.acquire(purpose);
  }

  leasedDigests(): Set<Digest> {
    return this.#leases.digests();
  }

  findTag(repository: string, tag: string): Descriptor | undefined {
    return this.#catalog.findTag(repository, tag);
  }

  findManifest(repository: string, digest: Digest): Descriptor | undefined {
    return this.#catalog.findManifest(repository, digest);
  }

  listTags(
    repository: string,
    options?: { readonly last?: string; readonly limit?: number },
  ): string[] | undefined {
    return this.#catalog.listTags(repository, options);
  }

  listRepositories(options?: { readonly last?: string; readonly limit?: number }): string[] {
    return this.#catalog.listRepositories(options);
  }

  searchRepositories(text: string, options?: { readonly last?: string; readonly limit?: number }): string[] {
    return this.#catalog.searchRepositories(text, options);
  }

  putManifest(
    repository: string,
    document: DocumentRecord,
    tags: readonly string[],
    relations?: ManifestRelations,
  ): void {
    this.#catalog.putManifest(repository, document, tags, relations);
  }

  deleteTag(repository: string, tag: string): boolean {
    return this.#catalog.deleteTag(repository, tag);
  }

  deleteManifest(repository: string, digest: Digest): boolean {
    return this.#catalog.deleteManifest(repository, digest);
  }

  manifestsNaming(repository: string, digest: Digest): Descriptor[] {
    return this.#catalog.manifestsNaming(repository, digest);
  }

  findBlobLink(repository: string, digest: Digest): BlobLink | undefined {
    return this.#links.find(repository, digest);
  }

  linkBlobs(repository: string, digests: readonly Digest[]): void {
    this.#links.put(repository, digests);
  }

  unlinkBlob(repository: string, digest: Digest): void {
    this.#links.remove(repository, digest);
  }

  repositoriesOf(digest: Digest): string[] {
    return this.#links.repositoriesOf(digest);
  }

  /** From now on these hear of what happens to the registry service's catalogue, in this process. */
  observeCatalog(observers: readonly CatalogObserver[]): void {
    this.#catalog.observe(observers);
  }

  listCatalog(): CatalogManifest[] {
    return this.#catalog.list();
  }

  forgetManifest(repository: string, digest: Digest, isLost: () => boolean): boolean {
    return this.#catalog.forgetManifest(repository, digest, isLost);
  }

  getSetting(name: string): string | undefined {
    return this.#database.get('SELECT value FROM settings WHERE name = ?', name)?.value as string | undefined;
  }

  setSetting(name: string, value: string): void {
    this.#database.transaction(() =>
      this.#database.run('INSERT OR REPLACE INTO settings VALUES (?, ?)', name, value),
    );
  }

  atomically<T>(work: () => T, options: { readonly undo?: boolean } = {}): T {
    return this.#database.transaction(work, options);
  }

  revision(): string {
    return this.#database.revision();
  }

  foreignRevision(): number {
    return this.#database.foreignChanges();
  }

  touch(...digests: Digest[]): void {
    this.#collector.touch(digests);
  }

  /** What of `reachable` images and their names hold; the rest is the registry's, or on its way. */
  reachableFromImages(): Set<Digest> {
    return digestsOfImages(this.#database);
  }

  /** The digests in `roots` and everything that stored documents lead to from there. */
  descendants(roots: Iterable<Digest>): Set<Digest> {
    return descendantsOf(this.#database, roots);
  }

  /** Tells whether an image name points to a manifest, or to an index that leads to it. */
  isNamed(manifest: Digest): boolean {
    return isNamed(this.#database, manifest);
  }

  reachable(): Set<Digest> {
    return this.#collector.reachable();
  }

  unheld(candidates: Iterable<Digest>): Digest[] {
    return this.#collector.unheld(candidates);
  }

  /** Those of `candidates` that are held, if at all, because they have the tar of an image's layer. */
  replaceable(candidates: Iterable<Digest>): Digest[] {
    return this.#collector.replaceable(candidates);
  }

  sweep(remove: (digest: Digest) => boolean, candidates: Iterable<Digest>): Digest[] {
    return this.#collector.sweep(remove, candidates);
  }

  /**
   * Does as `sweep` with blobs that `move` puts into the trash, where their records go before they are moved.
   */
  sweepToTrash(move: (digest: Digest) => boolean, candidates: readonly BlobInfo[]): Digest[] {
    const sizes = new Map(candidates.map(({ digest, size }) => [digest, size]));
    return this.#collector.sweep(move, sizes.keys(), (digest) =>
      this.trash.put(digest, sizes.get(digest) ?? 0),
    );
  }

  /** What `reachable` tells, without keeping writers waiting for it: what comes meanwhile may be missing. */
  mark(): Set<Digest> {
    return this.#collector.mark();
  }

  /** Tells whether `reachable` has a digest. */
  isHeld(digest: Digest): boolean {
    return this.#collector.isHeld(digest);
  }

  allDocuments(): DocumentRecord[] {
    return this.#documents.list();
  }

  /** The record of one index or manifest. */
  findDocument(digest: Digest): Descriptor | undefined {
    return this.#documents.find(digest);
  }

  forgetBlob(digest: Digest): void {
    this.#database.transaction(() => this.#collector.forget(digest));
  }

  integrityCheck(): string[] {
    const found = this.#database.all('PRAGMA quick_check').map((row) => String(row.quick_check));
    return found.length === 1 && found[0] === 'ok' ? [] : found;
  }

  close(): void {
    this.#database.close();
  }
}
