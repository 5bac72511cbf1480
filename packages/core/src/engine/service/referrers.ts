import { type Digest, digestAlgorithm, digestHex, isDigest } from '../../digest.ts';
import { isWherryError } from '../../errors.ts';
import type { RegistryCatalogStore } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { readIndexDigests, readReferrerFacts } from './registry-documents.ts';

/** Descriptors in one answer stay below this as JSON: clients take documents of 4 MiB at least. */
const MAX_PAGE_BYTES = 3 << 20;

/** What of a subject's referrers is asked for. */
export interface ReferrersRequest {
  readonly repository: string;
  readonly subject: Digest;
  readonly artifactType?: string;
  /** Only those after it, in the order of digests. */
  readonly last?: string;
  readonly limit: number;
}

export interface ReferrersPage {
  readonly referrers: readonly Descriptor[];
  /** There are others after the last one here. */
  readonly hasMore: boolean;
}

export interface ReferrersDeps {
  readonly metadata: Pick<RegistryCatalogStore, 'manifestsNaming' | 'findTag' | 'findManifest'>;
  readonly readManifest: (descriptor: Descriptor) => Uint8Array | Promise<Uint8Array>;
}

/**
 * The manifests of a repository that refer to a subject, whether or not that is there, in the order of their
 * digests; those that a client without this endpoint listed under the fallback tag are among them.
 * OCI distribution-spec v1.1, "Listing Referrers", "Enabling the Referrers API".
 */
export async function listReferrers(deps: ReferrersDeps, request: ReferrersRequest): Promise<ReferrersPage> {
  const { last = '', limit, artifactType } = request;
  const referrers: Descriptor[] = [];
  let bytes = 0;
  for (const candidate of await candidatesFor(deps, request)) {
    if (candidate.digest <= last) continue;
    const referrer = await describeReferrer(deps, candidate, request.subject);
    if (!referrer || (artifactType !== undefined && referrer.artifactType !== artifactType)) continue;
    bytes += JSON.stringify(referrer).length;
    const isFull = referrers.length === limit || (referrers.length > 0 && bytes > MAX_PAGE_BYTES);
    if (isFull) return { referrers, hasMore: true };
    referrers.push(referrer);
  }
  return { referrers, hasMore: false };
}

async function candidatesFor(
  deps: ReferrersDeps,
  { repository, subject }: ReferrersRequest,
): Promise<Descriptor[]> {
  const { metadata } = deps;
  const found = new Map(metadata.manifestsNaming(repository, subject).map((one) => [one.digest, one]));
  const fallback = metadata.findTag(repository, fallbackTag(subject));
  if (!fallback) return [...found.values()];
  for (const digest of readIndexDigests(await deps.readManifest(fallback))) {
    const listed = isDigest(digest) ? metadata.findManifest(repository, digest) : undefined;
    if (listed) found.set(listed.digest, listed);
  }
  return [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** `undefined`: it names the digest otherwise than as its subject, or went away meanwhile. */
async function describeReferrer(
  deps: ReferrersDeps,
  candidate: Descriptor,
  subject: Digest,
): Promise<Descriptor | undefined> {
  try {
    const facts = readReferrerFacts(await deps.readManifest(candidate));
    if (facts.subject !== subject) return undefined;
    const { artifactType, annotations } = facts;
    return { ...candidate, ...(artifactType && { artifactType }), ...(annotations && { annotations }) };
  } catch (error) {
    // One document that cannot be read must not hide the signatures beside it; `system check` tells of it.
    if (isWherryError(error, 'CORRUPT', 'INVALID_DOCUMENT')) return undefined;
    throw error;
  }
}

/** OCI distribution-spec v1.1, "Referrers Tag Schema". */
function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}
