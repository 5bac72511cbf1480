import type { Digest } from '../digest.ts';
import type { VerbOptions } from '../events.ts';
import type { Reference } from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { getRemoteTarget, isSameTarget } from './remote/remote-target.ts';
import { storedForm } from './resolve.ts';
import { completeImage } from './store/layer-variant.ts';
import type { Store } from './store/store.ts';

/** What a pull of a name would find. */
export interface PullCheck {
  /** With the tag that was asked for, or the digest. */
  readonly ref: Reference;
  /** `not-here` also when something of the image is missing. */
  readonly status: 'up-to-date' | 'newer' | 'not-here';
  /** What the name points to in its registry. */
  readonly registry: Digest;
}

/**
 * Compares a name with its registry by one HEAD, which no quota counts, and fetches nothing. A digest that is
 * here is current, and nobody is asked. Throws as a pull does: `MANIFEST_UNKNOWN`, the registry's codes.
 */
export async function checkPull(
  deps: { readonly store: Store; readonly registry: Pick<RegistryClient, 'headManifest'> },
  request: { readonly ref: Reference },
  options: VerbOptions = {},
): Promise<PullCheck> {
  const ref = storedForm(request.ref);
  const name = deps.store.metadata.findName(ref);
  const image = name && (await completeImage(deps.store, name));
  const { digest } =
    image && ref.digest ? name.target : await getRemoteTarget(deps.registry, ref, options.signal);
  if (!image) return { ref, status: 'not-here', registry: digest };
  return { ref, status: isSameTarget(name, image, digest) ? 'up-to-date' : 'newer', registry: digest };
}
