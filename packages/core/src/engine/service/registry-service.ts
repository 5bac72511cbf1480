import type { ByteSource } from '../../bytes/byte-source.ts';
import type { BlobInfo, BlobStore, ByteRange } from '../../content/blob-store.ts';
import { type Digest, digestAlgorithm, type HasherFactory, isDigest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { MetadataStore } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument, storeDocument } from '../store/documents.ts';
import { type PushedDocument, readPushedDocument } from './registry-documents.ts';
import type { UploadSessions } from './upload-sessions.ts';
import type { UploadChunk } from './upload-writer.ts';

export type { UploadChunk } from './upload-writer.ts';

/** Bytes of recently read manifests that are kept: a pull asks for the same few again and again. */
const MANIFEST_CACHE_BYTES = 16 << 20;
/** Missing blobs that an error names one by one. */
const MAX_MISSING_NAMED = 20;

/** A manifest to record in a repository. */
export interface PutManifestRequest {
  /** Bare path, such as `team/app`. */
  readonly repository: string;
  /** What the client says the bytes hash to, when it names the manifest by digest. */
  readonly digest?: Digest;
  readonly tags: readonly string[];
  readonly bytes: Uint8Array;
  /** The `Content-Type` header, as sent. */
  readonly contentType?: string;
}

/** A manifest as it was recorded. */
export interface PutManifestResult {
  readonly descriptor: Descriptor;
  /** What the manifest refers to, present or not. */
  readonly subject?: Digest;
}

/**
 * The content of one store as an OCI registry sees it. Blobs belong to the store, not to a repository:
 * whoever may use the service may use them all. Repositories, manifests and tags are a catalogue of their
 * own, apart from the image names of the engine. OCI distribution-spec v1.1.
 */
export interface RegistryService {
  /** `undefined` when there is none; else the blob is kept from the sweep for the grace period. */
  findBlob(digest: Digest): Promise<BlobInfo | undefined>;
  /** Throws `BLOB_UNKNOWN`, `INVALID_RANGE` at the first read. */
  readBlob(digest: Digest, range?: ByteRange): ByteSource;
  /** Stores a blob sent in one request. Throws `DIGEST_MISMATCH`, `NO_SPACE`. */
  putBlob(digest: Digest, body: ByteSource): Promise<BlobInfo>;
  /** Opens an upload session and gives its ID. */
  startUpload(): Promise<string>;
  /** Bytes that the session holds. Throws `UPLOAD_UNKNOWN`. */
  uploadOffset(id: string): Promise<number>;
  /**
   * Appends to a session and gives its new offset; what arrived before `body` failed is kept. Throws
   * `UPLOAD_UNKNOWN`, `CONFLICT` when another request uses the session, `INVALID_RANGE` with
   * `details.offset` when the chunk begins elsewhere, `NO_SPACE`.
   */
  appendUpload(id: string, chunk: UploadChunk): Promise<number>;
  /** Ends a session, after a last chunk if there is one. Also throws `DIGEST_MISMATCH`: the session is gone. */
  commitUpload(id: string, digest: Digest, last?: UploadChunk): Promise<BlobInfo>;
  cancelUpload(id: string): Promise<void>;
  /** Forgets sessions that no request has used for `maxAgeMs`; gives their number. */
  removeStaleUploads(maxAgeMs: number): Promise<number>;
  /** `reference` is a tag or a digest; `undefined` when the repository has no such manifest. */
  findManifest(repository: string, reference: string): Promise<Descriptor | undefined>;
  /** The bytes of what `findManifest` gave. */
  readManifest(descriptor: Descriptor): Promise<Uint8Array>;
  /**
   * Stores and records a manifest. Throws `INVALID_DOCUMENT`, `DIGEST_MISMATCH`, `TOO_LARGE`,
   * `SIZE_MISMATCH` when a descriptor in it lies about a blob, `BLOB_UNKNOWN` with the first missing
   * digests in `details.missing`.
   */
  putManifest(request: PutManifestRequest): Promise<PutManifestResult>;
  /** Tags after `last` in ASCII order, at most `limit`; `undefined` when there is no such repository. */
  listTags(
    repository: string,
    options?: { readonly last?: string; readonly limit?: number },
  ): Promise<string[] | undefined>;
  /** Repositories after `last` in ASCII order, at most `limit`. */
  listRepositories(options?: { readonly last?: string; readonly limit?: number }): Promise<string[]>;
  close(): Promise<void>;
}

export interface RegistryServiceDeps {
  readonly blobs: BlobStore;
  readonly metadata: Pick<
    MetadataStore,
    'touch' | 'findTag' | 'findManifest' | 'listTags' | 'listRepositories' | 'putManifest'
  >;
  readonly uploads: UploadSessions;
  readonly fastHasher: HasherFactory;
  /** Closes what was opened for the service. */
  readonly close: () => Promise<void>;
}

/** Makes the service over a store's parts. */
export function createRegistryService(deps: RegistryServiceDeps): RegistryService {
  const { blobs, metadata, uploads } = deps;
  const cache = new ManifestCache(MANIFEST_CACHE_BYTES);
  const findBlob = async (digest: Digest) => {
    if (!(await blobs.stat(digest))) return undefined;
    metadata.touch(digest);
    // Asked again: a sweep may have come between the look and the touch.
    return blobs.stat(digest);
  };
  return {
    findBlob,
    readBlob: (digest, range) => blobs.read(digest, range),
    putBlob: async (digest, body) => {
      requireSha256(digest);
      // Before the blob is there: nothing names it until its manifest comes.
      metadata.touch(digest);
      return uploads.putWhole(digest, body);
    },
    startUpload: () => uploads.start(),
    uploadOffset: (id) => uploads.offset(id),
    appendUpload: (id, chunk) => uploads.append(id, chunk),
    commitUpload: async (id, digest, last) => {
      requireSha256(digest);
      metadata.touch(digest);
      return uploads.commit(id, digest, last);
    },
    cancelUpload: (id) => uploads.cancel(id),
    removeStaleUploads: (maxAgeMs) => uploads.removeStale(maxAgeMs),
    findManifest: async (repository, reference) =>
      isDigest(reference)
        ? metadata.findManifest(repository, reference)
        : metadata.findTag(repository, reference),
    readManifest: async (descriptor) => {
      const known = cache.get(descriptor.digest);
      if (known) return known;
      const bytes = await readOwnDocument(blobs, descriptor.digest, MAX_MANIFEST_BYTES);
      cache.set(descriptor.digest, bytes);
      return bytes;
    },
    putManifest: (request) => putManifest(deps, findBlob, request),
    listTags: async (repository, options) => metadata.listTags(repository, options),
    listRepositories: async (options) => metadata.listRepositories(options),
    close: () => deps.close(),
  };
}

async function putManifest(
  { blobs, metadata, fastHasher }: RegistryServiceDeps,
  findBlob: RegistryService['findBlob'],
  request: PutManifestRequest,
): Promise<PutManifestResult> {
  const { bytes, repository, tags } = request;
  if (bytes.length > MAX_MANIFEST_BYTES)
    throw new WherryError(
      'TOO_LARGE',
      `manifest has ${bytes.length} bytes, the limit is ${MAX_MANIFEST_BYTES}`,
    );
  const digest = digestOf(bytes, fastHasher);
  if (request.digest !== undefined) {
    requireSha256(request.digest);
    if (request.digest !== digest)
      throw new WherryError('DIGEST_MISMATCH', `manifest has digest ${digest}, want ${request.digest}`);
  }
  const document = readPushedDocument(bytes, request.contentType);
  await requireBlobs(findBlob, document);
  const descriptor = { mediaType: document.mediaType, digest, size: bytes.length };
  metadata.touch(digest);
  await storeDocument(blobs, descriptor, bytes);
  const { required, optional, subject } = document;
  const children = new Set([...required.map((child) => child.digest), ...optional]);
  if (subject !== undefined) children.add(subject);
  metadata.putManifest(repository, { descriptor, children: [...children] }, tags);
  return subject === undefined ? { descriptor } : { descriptor, subject };
}

/** Finding also touches: what the document names stays until the document is recorded. */
async function requireBlobs(
  findBlob: RegistryService['findBlob'],
  { required }: PushedDocument,
): Promise<void> {
  const sizes = new Map<Digest, number | undefined>();
  for (const child of required) {
    if (!sizes.has(child.digest)) sizes.set(child.digest, (await findBlob(child.digest))?.size);
    const size = sizes.get(child.digest);
    if (size !== undefined && size !== child.size)
      throw new WherryError(
        'SIZE_MISMATCH',
        `blob ${child.digest}: size ${size}, manifest says ${child.size}`,
      );
  }
  const missing = [...sizes].filter(([, size]) => size === undefined).map(([digest]) => digest);
  if (missing.length === 0) return;
  throw new WherryError('BLOB_UNKNOWN', `manifest names ${missing.length} blob(s) unknown to registry`, {
    hint: 'push the blobs first',
    details: { missing: missing.slice(0, MAX_MISSING_NAMED) },
  });
}

function digestOf(bytes: Uint8Array, fastHasher: HasherFactory): Digest {
  const hasher = fastHasher();
  hasher.update(bytes);
  return hasher.digest();
}

function requireSha256(digest: Digest): void {
  if (digestAlgorithm(digest) !== 'sha256')
    throw new WherryError(
      'INVALID_DIGEST',
      `unsupported digest algorithm ${digestAlgorithm(digest)}, want sha256`,
    );
}

/** Keeps the most recently used manifests; they never change under their digests. */
class ManifestCache {
  readonly #entries = new Map<Digest, Uint8Array>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest): Uint8Array | undefined {
    const bytes = this.#entries.get(digest);
    if (!bytes) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, bytes);
    return bytes;
  }

  set(digest: Digest, bytes: Uint8Array): void {
    if (this.#entries.has(digest)) return;
    this.#entries.set(digest, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= old.length;
    }
  }
}
