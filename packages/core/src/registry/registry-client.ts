import type { ByteRange } from '../bytes/byte-range.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reference } from '../reference.ts';

/** A manifest or index as the registry sent it; `bytes` hash to `descriptor.digest`. */
export interface RemoteDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** How a blob came to be in a repository. */
export type PutBlobOutcome =
  | { readonly kind: 'uploaded' | 'present' }
  | { readonly kind: 'mounted'; readonly from: Reference };

/** `unsupported`: the registry deletes no tags, or, asked for a digest, nothing at all. */
export type DeleteOutcome = 'deleted' | 'missing' | 'unsupported';

export interface PutBlobOptions {
  /** Repositories on the same registry where the blob is known to be, tried in order. */
  readonly mountFrom?: readonly Reference[];
  /** Bytes accepted so far. */
  readonly onProgress?: (sentBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** What `registry-mirrors`, `blocked` and the rest of the configuration make of a name. */
export interface Endpoint {
  readonly url: URL;
  /** The repository's path at this endpoint; a mirror may rewrite it. */
  readonly repository: string;
  readonly role: 'mirror' | 'origin';
  /** Why the endpoint is on the list, for people: which file, which rule. */
  readonly reason: string;
}

/** Requests left before a registry answers 429, as it says itself. Docker Hub "Pulls". */
export interface RateLimit {
  readonly registry: string;
  readonly limit?: number;
  readonly remaining?: number;
  readonly windowSeconds?: number;
  /** Address or account the limit is counted for. */
  readonly source?: string;
}

/** A repository that a search found. */
export interface SearchResult {
  /** Without the registry's host. */
  readonly name: string;
  /** As the registry sent it: control characters and all. */
  readonly description: string;
  readonly starCount: number;
  readonly isOfficial: boolean;
  /** Built by Docker Hub: a thing of the past. */
  readonly isAutomated: boolean;
}

/** What is searched, and where. */
export interface SearchQuery {
  readonly domain: string;
  /** Part of a name, as the registry understands it; empty: any. */
  readonly term: string;
  /** Results at most. */
  readonly limit: number;
}

/**
 * Speaks to registries: endpoints and mirrors, authentication, redirects, retries, rate limits are its own
 * business. Every method throws the registry codes of `errors.ts`; `signal` ends it with `CANCELLED`.
 * OCI distribution-spec v1.1.
 */
export interface RegistryClient {
  /** Resolves and fetches; asks the mirrors first. Throws `MANIFEST_UNKNOWN`, `NAME_UNKNOWN`, `DENIED`. */
  getManifest(ref: Reference, signal?: AbortSignal): Promise<RemoteDocument>;
  /** Asks without fetching (a HEAD); `undefined` when there is none. */
  headManifest(ref: Reference, signal?: AbortSignal): Promise<Descriptor | undefined>;
  /**
   * The blob's bytes. A broken transfer goes on with a Range request, also from the next endpoint. The
   * length is verified against `descriptor.size`; the digest is the reader's to verify.
   */
  getBlob(repo: Reference, descriptor: Descriptor, range?: ByteRange, signal?: AbortSignal): ByteSource;
  /** The same past the mirrors, which may lag behind: for what is to be changed in the registry itself. */
  readonly origin: Pick<RegistryClient, 'getManifest' | 'headManifest'>;
  hasBlob(repo: Reference, digest: Digest, signal?: AbortSignal): Promise<boolean>;
  /** The size of a blob, asked without fetching it; `undefined` when there is none. */
  blobSize(repo: Reference, digest: Digest, signal?: AbortSignal): Promise<number | undefined>;
  /** HEAD, then mounts, then upload; a broken upload goes on from the registry's offset. */
  putBlob(
    repo: Reference,
    descriptor: Descriptor,
    read: (range?: ByteRange) => ByteSource,
    options?: PutBlobOptions,
  ): Promise<PutBlobOutcome>;
  putManifest(
    ref: Reference,
    bytes: Uint8Array,
    mediaType: string,
    signal?: AbortSignal,
  ): Promise<Descriptor>;
  /** Deletes the tag alone where the reference has one, else the manifest with all its tags. */
  deleteManifest(ref: Reference, signal?: AbortSignal): Promise<DeleteOutcome>;
  listTags(repo: Reference, signal?: AbortSignal): AsyncIterable<string>;
  /**
   * The manifests that have `subject` as theirs: as the registry lists them, or, where it does not, as the
   * fallback tag does. Throws `TOO_LARGE`. OCI distribution-spec v1.1, "Listing Referrers".
   */
  listReferrers(repo: Reference, subject: Digest, signal?: AbortSignal): Promise<Descriptor[]>;
  /**
   * Stores a manifest that has a subject under its digest, and lists it in the subject's fallback tag where
   * the registry does not. Those of one subject go one after the other. Throws `INVALID_DOCUMENT` when
   * something else is at the fallback tag. OCI distribution-spec v1.1, "Pushing Manifests with Subject".
   */
  putReferrer(
    repo: Reference,
    bytes: Uint8Array,
    mediaType: string,
    signal?: AbortSignal,
  ): Promise<Descriptor>;
  /**
   * Searches a registry, or its list of repositories where it has no search; asks the mirrors first. Throws
   * `REGISTRY_ERROR` for an answer that is none, `TOO_LARGE`, and `UNSUPPORTED` when there is neither.
   */
  search(query: SearchQuery, signal?: AbortSignal): Promise<SearchResult[]>;
  /** The endpoints that a pull of `ref` would ask, in order. Throws `BLOCKED`. */
  endpoints(ref: Reference): readonly Endpoint[];
  rateLimit(domain: string, signal?: AbortSignal): Promise<RateLimit>;
  /**
   * Tries credentials against the registry: a password, or the identity token that was given in its place.
   * Throws `UNAUTHORIZED`; returns an identity token if it gave one.
   */
  login(
    domain: string,
    username: string,
    secret: string | { readonly identityToken: string },
    signal?: AbortSignal,
  ): Promise<{ identityToken?: string }>;
  close(): Promise<void>;
}
