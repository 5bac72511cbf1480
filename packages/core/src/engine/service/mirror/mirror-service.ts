import type { Clock } from '../../../clock.ts';
import type { BlobInfo, BlobStore } from '../../../content/blob-store.ts';
import type { Digest } from '../../../digest.ts';
import type { MirroredRepository, MirrorStore } from '../../../metadata/mirror-store.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from '../../store/documents.ts';
import type { ReferrersPage } from '../referrers.ts';
import { MirrorBlobs, type OpenBlob } from './blobs.ts';
import type { Eviction } from './eviction.ts';
import { type MirroredManifest, MirrorManifests } from './manifests.ts';
import { type MirroredReferrersRequest, mirroredReferrers } from './referrers.ts';
import { type MirroredTags, MirrorTags } from './tags.ts';
import type { Upstream } from './upstream.ts';

export type { MirroredRepository } from '../../../metadata/mirror-store.ts';
export type { OpenBlob } from './blobs.ts';
export type { MirroredManifest, Staleness } from './manifests.ts';
export type { MirroredTags } from './tags.ts';

/**
 * A pull-through mirror of other registries: what is asked for is fetched, kept, and served from here as long
 * as it holds. Every method throws `DENIED`, `RATE_LIMITED`, `UNREACHABLE`, `TLS_FAILED` or `REGISTRY_ERROR`
 * for what the upstream does, `NO_SPACE` for the store.
 */
export interface MirrorService {
  /** Names of the registries that are mirrored. */
  readonly upstreams: readonly string[];
  /** Tells whether anything of the repository was ever asked for here. */
  knows(of: MirroredRepository): boolean;
  /** `reference` is a tag or a digest; `undefined`: the upstream has no such manifest. */
  findManifest(of: MirroredRepository, reference: string): Promise<MirroredManifest | undefined>;
  /** The bytes of what `findManifest` gave. */
  readManifest(descriptor: Descriptor): Promise<Uint8Array>;
  /** Asks for a blob without fetching it. */
  findBlob(of: MirroredRepository, digest: Digest): Promise<BlobInfo | undefined>;
  /** Gets a blob; when this resolves, the upstream has begun to send it. */
  openBlob(of: MirroredRepository, digest: Digest): Promise<OpenBlob | undefined>;
  /** The upstream's tags, in ASCII order; while it is out of reach those that are cached. */
  listTags(of: MirroredRepository): Promise<MirroredTags | undefined>;
  /** What refers to a manifest, as the upstream lists it now. */
  listReferrers(of: MirroredRepository, request: MirroredReferrersRequest): Promise<ReferrersPage>;
  /** Breaks fetches off, which a later process resumes. */
  close(): Promise<void>;
}

export interface MirrorServiceDeps {
  readonly blobs: BlobStore;
  /** Where a blob is a file, from the store's directory; absent: the store has none. */
  readonly pathOf?: (digest: Digest) => string;
  readonly cache: MirrorStore;
  readonly upstreams: readonly Upstream[];
  readonly eviction: Eviction;
  readonly clock: Clock;
  readonly tagTtlMs: number;
  /** How long an upstream may take to say whether a tag has changed; absent: five seconds. */
  readonly revalidationMs?: number;
  /** Closes what was opened for the service. */
  readonly close: () => Promise<void>;
}

const REVALIDATION_MS = 5_000;

/** Makes the service over a store's parts. */
export function createMirrorService(deps: MirrorServiceDeps): MirrorService {
  const { blobs, cache, clock, eviction, tagTtlMs, revalidationMs = REVALIDATION_MS } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const onStored = (stored: Pick<BlobInfo, 'digest' | 'size'>) => eviction.after(stored);
  const ofBlobs = new MirrorBlobs({
    blobs,
    cache,
    onStored,
    signal,
    ...(deps.pathOf && { pathOf: deps.pathOf }),
  });
  const ofManifests = new MirrorManifests({
    ...{ blobs, cache, clock, tagTtlMs, revalidationMs, onStored, signal },
  });
  const ofTags = new MirrorTags({ cache, signal });
  const byName = new Map(deps.upstreams.map((upstream) => [upstream.name, upstream]));
  const upstreamOf = ({ upstream }: MirroredRepository) => {
    const found = byName.get(upstream);
    if (found === undefined) throw new Error(`no upstream ${upstream}`);
    return found;
  };
  const shutDown = async () => {
    closing.abort();
    await Promise.all([ofManifests.settled(), ofBlobs.settled(), ofTags.settled()]);
    await eviction.settled();
    await deps.close();
  };
  let closed: Promise<void> | undefined;
  return {
    upstreams: [...byName.keys()],
    knows: (of) => cache.knows(of),
    findManifest: async (of, reference) => ofManifests.find(upstreamOf(of), of, reference),
    readManifest: ({ digest }) => readOwnDocument(blobs, digest, MAX_MANIFEST_BYTES),
    findBlob: async (of, digest) => ofBlobs.find(upstreamOf(of), { of, digest }),
    openBlob: async (of, digest) => ofBlobs.open(upstreamOf(of), { of, digest }),
    listTags: async (of) => ofTags.list(upstreamOf(of), of),
    listReferrers: async (of, request) => mirroredReferrers(upstreamOf(of), of, request, signal),
    close: () => {
      closed ??= shutDown();
      return closed;
    },
  };
}
