import { NodeHasher } from '../../bytes/node-hasher.ts';
import type { BlobStore } from '../../content/blob-store.ts';
import { type Digest, digestAlgorithm, type HasherFactory } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { MetadataStore } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { MAX_MANIFEST_BYTES, storeDocument } from '../store/documents.ts';
import { isNameable, type MayRead, type RepositoryAccess } from './blob-access.ts';
import type { BlobPresence } from './blob-presence.ts';
import { type PushedDocument, readPushedDocument } from './registry-documents.ts';

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
  /** Absent: whoever pushes may read whatever the store has. */
  readonly mayRead?: MayRead;
  /** Is asked what the first tag points to while nobody can move it; absent: the tag is set in any case. */
  readonly accepts?: (current: Digest | undefined) => boolean;
}

/** A manifest as it was recorded. */
export interface PutManifestResult {
  readonly descriptor: Descriptor;
  /** What the manifest refers to, present or not. */
  readonly subject?: Digest;
}

export interface PutManifestDeps {
  readonly blobs: BlobStore;
  readonly metadata: Pick<
    MetadataStore,
    'touch' | 'atomically' | 'findTag' | 'putManifest' | 'findBlobLink' | 'repositoriesOf'
  >;
  readonly presence: BlobPresence;
  readonly fastHasher: HasherFactory;
}

/** Stores and records a manifest; see `RegistryService`. OCI distribution-spec v1.1, "Pushing Manifests". */
export async function putManifest(
  deps: PutManifestDeps,
  request: PutManifestRequest,
): Promise<PutManifestResult> {
  const { bytes, repository, tags } = request;
  if (bytes.length > MAX_MANIFEST_BYTES)
    throw new WherryError(
      'TOO_LARGE',
      `manifest has ${bytes.length} bytes, the limit is ${MAX_MANIFEST_BYTES}`,
    );
  const digest = verifiedDigest(deps, request);
  const document = readPushedDocument(bytes, request.contentType);
  await requireContent(deps, document, request);
  const descriptor = { mediaType: document.mediaType, digest, size: bytes.length };
  const { blobs, metadata } = deps;
  metadata.touch(digest);
  await storeDocument(blobs, descriptor, bytes);
  const { required, optional, subject } = document;
  const children = new Set([...required.map((child) => child.digest), ...optional]);
  if (subject !== undefined) children.add(subject);
  metadata.atomically(() => {
    requireAccepted(metadata, request);
    metadata.putManifest(repository, { descriptor, children: [...children] }, tags, document.blobs);
  });
  return subject === undefined ? { descriptor } : { descriptor, subject };
}

function requireAccepted(
  metadata: PutManifestDeps['metadata'],
  { repository, tags: [tag], accepts }: PutManifestRequest,
): void {
  if (!accepts || tag === undefined) return;
  const current = metadata.findTag(repository, tag)?.digest;
  if (accepts(current)) return;
  throw new WherryError('CONFLICT', `tag ${tag} points to ${current ?? 'nothing'} now`, {
    hint: 'look at it again: another client has changed it',
    details: { isPrecondition: true, current },
  });
}

function verifiedDigest(
  { fastHasher }: PutManifestDeps,
  { bytes, digest: wanted }: PutManifestRequest,
): Digest {
  const isSha512 = wanted !== undefined && digestAlgorithm(wanted) === 'sha512';
  const hasher = isSha512 ? new NodeHasher('sha512') : fastHasher();
  hasher.update(bytes);
  const digest = hasher.digest();
  if (wanted === undefined || wanted === digest) return digest;
  throw new WherryError('DIGEST_MISMATCH', `manifest has digest ${digest}, want ${wanted}`);
}

/** Looking also touches: what the document names stays until the document is recorded. */
async function requireContent(
  { metadata, presence }: PutManifestDeps,
  { required }: PushedDocument,
  access: RepositoryAccess,
): Promise<void> {
  const sizes = new Map<Digest, number | undefined>();
  for (const { digest, size: wanted } of required) {
    if (!sizes.has(digest)) {
      const found = isNameable(metadata, digest, access) ? await presence.look(digest) : undefined;
      sizes.set(digest, found?.size);
    }
    const size = sizes.get(digest);
    if (size !== undefined && size !== wanted)
      throw new WherryError('SIZE_MISMATCH', `blob ${digest}: size ${size}, manifest says ${wanted}`);
  }
  const missing = [...sizes].filter(([, size]) => size === undefined).map(([digest]) => digest);
  if (missing.length === 0) return;
  throw new WherryError('BLOB_UNKNOWN', `manifest names ${missing.length} blob(s) unknown to registry`, {
    hint: 'push the blobs first',
    details: { missing: missing.slice(0, MAX_MISSING_NAMED) },
  });
}
