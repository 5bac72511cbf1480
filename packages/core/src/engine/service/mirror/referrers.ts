import type { Digest } from '../../../digest.ts';
import type { MirroredRepository } from '../../../metadata/mirror-store.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { ReferrersPage, ReferrersRequest } from '../referrers.ts';
import { refOf } from './blobs.ts';
import type { Upstream } from './upstream.ts';
import { fromUpstream } from './upstream-errors.ts';

/** Which of them are asked for, without the repository. */
export type MirroredReferrersRequest = Omit<ReferrersRequest, 'repository'>;

/**
 * What refers to a manifest, as the upstream lists it now, in the order of their digests: a signature that came
 * later must not be missed, so the list is not kept. Throws what the upstream's answer comes to.
 */
export async function mirroredReferrers(
  upstream: Upstream,
  of: MirroredRepository,
  { subject, artifactType, last = '', limit }: MirroredReferrersRequest,
  signal: AbortSignal,
): Promise<ReferrersPage> {
  const found = await listed(upstream, of, subject, signal);
  const wanted = found
    .filter((one) => artifactType === undefined || one.artifactType === artifactType)
    .filter((one) => one.digest > last)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return { referrers: wanted.slice(0, limit), hasMore: wanted.length > limit };
}

async function listed(
  upstream: Upstream,
  of: MirroredRepository,
  subject: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  try {
    return await upstream.client.listReferrers(refOf(of), subject, signal);
  } catch (error) {
    throw fromUpstream(upstream.name, error);
  }
}
