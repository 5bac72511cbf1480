import type { ByteSource } from '../../bytes/byte-source.ts';
import { collect } from '../../bytes/collect.ts';
import { type Clock, systemClock } from '../../clock.ts';
import type { BlobInfo, BlobStore, ByteRange } from '../../content/blob-store.ts';
import { layoutBlobPath } from '../../content/store-paths.ts';
import { type Digest, type HasherFactory, isDigest } from '../../digest.ts';
import type { MetadataStore, RegistryCatalogStore } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from '../store/documents.ts';
import { isMountable, isReadable, type MayRead, type RepositoryAccess } from './blob-access.ts';
import { BlobLinks, type BlobLinksDeps } from './blob-links.ts';
import { BlobPresence } from './blob-presence.ts';
import { blobSender, type ChunkSink } from './blob-pump.ts';
import { type CatalogReads, cacheCatalog } from './catalog-cache.ts';
import { ContentCache } from './content-cache.ts';
import { type PutManifestRequest, type PutManifestResult, putManifest } from './put-manifest.ts';
import { listReferrers, type ReferrersPage, type ReferrersRequest } from './referrers.ts';
import { listRepositories, searchRepositories } from './repository-list.ts';
import type { UploadSessions } from './upload-sessions.ts';
import type { UploadChunk } from './upload-writer.ts';

export type { MayRead, RepositoryAccess } from './blob-access.ts';
export type { PutManifestRequest, PutManifestResult } from './put-manifest.ts';
export type { ReferrersPage, ReferrersRequest } from './referrers.ts';
export type { UploadChunk } from './upload-writer.ts';

/** Recently read manifests and small blobs that are kept: a pull asks for the same few again and again. */
const CACHE_BYTES = 32 << 20;
const SMALL_BLOB_BYTES = 64 << 10;

/** What is at hand need not be waited for: a busy registry answers most requests from memory. */
export type MaybePromise<T> = T | Promise<T>;

/** Which part of a list of repositories is asked for. */
export interface RepositoryPage {
  readonly last?: string;
  readonly limit?: number;
  /** Absent: all are listed. */
  readonly mayRead?: MayRead;
}

/**
 * The content of one store as an OCI registry sees it. Blobs belong to the store, and repositories link to
 * them: who may not read the whole store reads a blob through a repository that links to it. Where `access` is
 * left out, so is the question. Repositories, manifests and tags are a catalogue of their own, apart from the
 * image names of the engine. OCI distribution-spec v1.1.
 */
export interface RegistryService {
  /**
   * `undefined` when there is none, or `access` does not reach it; else the blob is kept from the sweep for the
   * grace period.
   */
  findBlob(digest: Digest, access?: RepositoryAccess): Promise<BlobInfo | undefined>;
  /** Throws `BLOB_UNKNOWN`, `INVALID_RANGE` at the first read. */
  readBlob(digest: Digest, range?: ByteRange): ByteSource;
  /** All bytes of what `findBlob` gave, if they are few; `undefined`: to be sent with `sendBlob`. */
  readSmallBlob(blob: BlobInfo): MaybePromise<Uint8Array | undefined>;
  /**
   * Hands the bytes of a blob to `sink`, one chunk after the other, each of which is the sink's until its promise
   * resolves. Throws what the sink throws, `BLOB_UNKNOWN`, `INVALID_RANGE`.
   */
  sendBlob(blob: BlobInfo, range: Required<ByteRange>, sink: ChunkSink): Promise<void>;
  /** Where what `findBlob` gave is a file: its path from the store's directory, with slashes. */
  blobPath(blob: BlobInfo): string | undefined;
  /** Stores a blob sent in one request, and links it. Throws `DIGEST_MISMATCH`, `NO_SPACE`. */
  putBlob(digest: Digest, chunk: UploadChunk, access?: RepositoryAccess): Promise<BlobInfo>;
  /** Links a blob that `access` reaches in any repository; `undefined` when it reaches none. */
  mountBlob(digest: Digest, access: RepositoryAccess): Promise<BlobInfo | undefined>;
  /** Takes the blob out of the repository; the sweep takes what nothing needs. Tells whether it was there. */
  deleteBlob(digest: Digest, access: RepositoryAccess): Promise<boolean>;
  /** Opens an upload session and gives its ID. Through another repository than this there is no such session. */
  startUpload(repository?: string): Promise<string>;
  /** Throws `UPLOAD_UNKNOWN` when the repository has no such session. */
  requireUpload(id: string, repository: string): void;
  /** Bytes that the session holds. Throws `UPLOAD_UNKNOWN`. */
  uploadOffset(id: string, repository?: string): Promise<number>;
  /**
   * Appends to a session and gives its new offset; what arrived before `body` failed is kept. Throws
   * `UPLOAD_UNKNOWN`, `CONFLICT` when another request uses the session, `INVALID_RANGE` with
   * `details.offset` when the chunk begins elsewhere, `NO_SPACE`.
   */
  appendUpload(id: string, chunk: UploadChunk, repository?: string): Promise<number>;
  /**
   * Ends a session, after a last chunk if there is one, and links the blob. Also throws `DIGEST_MISMATCH`: the
   * session is gone.
   */
  commitUpload(id: string, digest: Digest, last?: UploadChunk, access?: RepositoryAccess): Promise<BlobInfo>;
  cancelUpload(id: string, repository?: string): Promise<void>;
  /** Forgets sessions that no request has used for `maxAgeMs`; gives their number. */
  removeStaleUploads(maxAgeMs: number): Promise<number>;
  /** How many uploads are begun and not ended. */
  countUploads(): Promise<number>;
  /** `reference` is a tag or a digest; `undefined` when the repository has no such manifest. */
  findManifest(repository: string, reference: string): MaybePromise<Descriptor | undefined>;
  /** The bytes of what `findManifest` gave. */
  readManifest(descriptor: Descriptor): MaybePromise<Uint8Array>;
  /**
   * Stores and records a manifest. Throws `INVALID_DOCUMENT`, `DIGEST_MISMATCH`, `TOO_LARGE`,
   * `SIZE_MISMATCH` when a descriptor in it lies about a blob, `BLOB_UNKNOWN` with the first missing
   * digests in `details.missing`, `CONFLICT` with `details.isPrecondition` when the tag is not as the request
   * wants it.
   */
  putManifest(request: PutManifestRequest): Promise<PutManifestResult>;
  /**
   * Takes a tag off, or a manifest and all its tags out of the repository when `reference` is a digest. Tells
   * whether it was there.
   */
  deleteManifest(repository: string, reference: string): Promise<boolean>;
  /** The manifests of a repository that have a subject. */
  listReferrers(request: ReferrersRequest): Promise<ReferrersPage>;
  /** Tags after `last` in ASCII order, at most `limit`; `undefined` when there is no such repository. */
  listTags(
    repository: string,
    options?: { readonly last?: string; readonly limit?: number },
  ): MaybePromise<string[] | undefined>;
  /** Repositories after `last` in ASCII order, at most `limit`. */
  listRepositories(page?: RepositoryPage): Promise<string[]>;
  /** Those with `text` in their names, in the same order. */
  searchRepositories(text: string, page?: RepositoryPage): Promise<string[]>;
  close(): Promise<void>;
}

export interface RegistryServiceDeps {
  readonly blobs: BlobStore;
  readonly metadata: Pick<
    MetadataStore,
    'touch' | 'revision' | 'foreignRevision' | 'atomically' | keyof RegistryCatalogStore
  >;
  /** Where a blob is a file; absent: the store has none. */
  readonly pathOf?: (digest: Digest) => string;
  readonly uploads: UploadSessions;
  readonly fastHasher: HasherFactory;
  /** Hears of blobs; absent: nobody does. */
  readonly notifications?: BlobLinksDeps['notifications'];
  /** Absent: the system's. */
  readonly clock?: Clock;
  /** Closes what was opened for the service. */
  readonly close: () => Promise<void>;
}

/** Makes the service over a store's parts. */
export function createRegistryService(deps: RegistryServiceDeps): RegistryService {
  const { blobs, metadata, uploads, fastHasher } = deps;
  const catalog = cacheCatalog(metadata);
  const presence = new BlobPresence(blobs, metadata, deps.clock ?? systemClock);
  const cache = new ContentCache(CACHE_BYTES);
  const readManifest = (descriptor: Descriptor) =>
    cached(cache, descriptor.digest, () => readOwnDocument(blobs, descriptor.digest, MAX_MANIFEST_BYTES));
  return {
    ...blobMethods(deps, catalog, presence, cache),
    startUpload: (repository) => uploads.start(repository),
    requireUpload: (id, repository) => uploads.require(id, repository),
    uploadOffset: (id, repository) => uploads.offset(id, repository),
    appendUpload: (id, chunk, repository) => uploads.append(id, chunk, repository),
    cancelUpload: (id, repository) => uploads.cancel(id, repository),
    removeStaleUploads: (maxAgeMs) => uploads.removeStale(maxAgeMs),
    countUploads: () => uploads.count(),
    findManifest: (repository, reference) =>
      isDigest(reference)
        ? catalog.findManifest(repository, reference)
        : catalog.findTag(repository, reference),
    readManifest,
    putManifest: async (request) => {
      const result = await putManifest({ blobs, metadata, presence, fastHasher }, request);
      catalog.forget();
      return result;
    },
    deleteManifest: async (repository, reference) => {
      const deleted = isDigest(reference)
        ? metadata.deleteManifest(repository, reference)
        : metadata.deleteTag(repository, reference);
      catalog.forget();
      return deleted;
    },
    listReferrers: (request) => listReferrers({ metadata, readManifest }, request),
    listTags: (repository, options) => catalog.listTags(repository, options),
    listRepositories: async (page) => listRepositories(metadata, page),
    searchRepositories: async (text, page) => searchRepositories(metadata, text, page),
    close: () => deps.close(),
  };
}

type BlobMethods = Pick<
  RegistryService,
  | 'findBlob'
  | 'readBlob'
  | 'readSmallBlob'
  | 'sendBlob'
  | 'blobPath'
  | 'putBlob'
  | 'mountBlob'
  | 'deleteBlob'
  | 'commitUpload'
>;

function blobMethods(
  { blobs, metadata, uploads, pathOf, notifications }: RegistryServiceDeps,
  catalog: CatalogReads & { readonly forget: () => void },
  presence: BlobPresence,
  cache: ContentCache,
): BlobMethods {
  const ofRepositories = new BlobLinks({ metadata, ...(notifications && { notifications }) });
  const link = (blob: BlobInfo, access: RepositoryAccess | undefined) => {
    if (!access) return;
    ofRepositories.link(blob, access.repository);
    catalog.forget();
  };
  const sendStored = blobSender(blobs, pathOf);
  const links = {
    findBlobLink: catalog.findBlobLink,
    repositoriesOf: metadata.repositoriesOf.bind(metadata),
  };
  const findBlob = async (digest: Digest, access?: RepositoryAccess) =>
    access && !isReadable(links, digest, access) ? undefined : presence.find(digest);
  return {
    findBlob,
    readBlob: (digest, range) => blobs.read(digest, range),
    readSmallBlob: ({ digest, size }) =>
      size > SMALL_BLOB_BYTES ? undefined : cached(cache, digest, () => collect(blobs.read(digest), size)),
    sendBlob: ({ digest }, range, sink) => sendStored(digest, range, sink),
    blobPath: ({ digest }) => pathOf && layoutBlobPath(digest),
    putBlob: async (digest, chunk, access) => {
      // Before the blob is there: nothing names it until its manifest comes.
      metadata.touch(digest);
      const blob = await uploads.putWhole(digest, chunk);
      link(blob, access);
      return blob;
    },
    mountBlob: async (digest, access) => {
      const blob = isMountable(metadata, digest, access) ? await presence.find(digest) : undefined;
      if (blob) link(blob, access);
      return blob;
    },
    deleteBlob: async (digest, access) => {
      if (!(await findBlob(digest, access))) return false;
      ofRepositories.unlink(digest, access.repository);
      catalog.forget();
      return true;
    },
    commitUpload: async (id, digest, last, access) => {
      metadata.touch(digest);
      const blob = await uploads.commit(id, digest, last, access?.repository);
      link(blob, access);
      return blob;
    },
  };
}

function cached(
  cache: ContentCache,
  digest: Digest,
  read: () => Promise<Uint8Array>,
): MaybePromise<Uint8Array> {
  return cache.get(digest) ?? readInto(cache, digest, read);
}

async function readInto(
  cache: ContentCache,
  digest: Digest,
  read: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const bytes = await read();
  cache.set(digest, bytes);
  return bytes;
}
