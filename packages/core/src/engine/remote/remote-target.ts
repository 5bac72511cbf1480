import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { ImageName, ImageOutline } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { familiarName, type Reference } from '../../reference.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';

/**
 * Asks by HEAD, which no quota counts, what a name points to in its registry. Throws `MANIFEST_UNKNOWN` in
 * the words of a pull, the registry's codes.
 */
export async function getRemoteTarget(
  registry: Pick<RegistryClient, 'headManifest'>,
  ref: Reference,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const target = await registry.headManifest(ref, signal);
  if (target) return target;
  throw new WherryError(
    'MANIFEST_UNKNOWN',
    `manifest for ${familiarName(ref)} not found: manifest unknown: manifest unknown`,
  );
}

/**
 * Tells whether a name's image is what the registry has under the name. The registry may have the image's
 * own manifest instead of the index that the name came with: a push sends no more when the rest is not here.
 */
export function isSameTarget(
  name: ImageName,
  image: Pick<ImageOutline, 'manifest'> | undefined,
  remote: Digest,
): boolean {
  return remote === name.target.digest || remote === image?.manifest.digest;
}
