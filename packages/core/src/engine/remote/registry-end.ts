import type { Digest } from '../../digest.ts';
import { isWherryError, WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { familiarName, type Reference, repositoryOf, withDigest, withTag } from '../../reference.ts';
import type { RegistryClient, RemoteDocument } from '../../registry/registry-client.ts';
import type { CopySource, CopyTarget } from './copy-ends.ts';

const NOTHING_TO_CLOSE = async () => {};

/** An image in its registry, or at a mirror. `signal` ends all that is asked. */
export function registrySource(
  registry: RegistryClient,
  ref: Reference,
  signal: AbortSignal,
): CopySource & { readonly repository: Reference } {
  const repository = repositoryOf(ref);
  return {
    repository,
    root: () => registry.getManifest(ref, signal),
    async document(descriptor) {
      const found = await registry.getManifest(withDigest(repository, descriptor.digest), signal);
      return { ...found, bytes: ofRightSize(found.bytes, descriptor) };
    },
    blob: (descriptor, range) => registry.getBlob(repository, descriptor, range, signal),
    referrers: (subject: Digest) => registry.listReferrers(repository, subject, signal),
    tagged: (tag) => findManifest(registry, withTag(repository, tag), signal),
    [Symbol.asyncDispose]: NOTHING_TO_CLOSE,
  };
}

/** An image's name in a registry. */
export function registryTarget(
  registry: RegistryClient,
  ref: Reference,
  signal: AbortSignal,
): CopyTarget & { readonly repository: Reference } {
  const repository = repositoryOf(ref);
  const put = async (name: Reference, { bytes, descriptor }: RemoteDocument) => {
    await registry.putManifest(name, bytes, descriptor.mediaType, signal);
  };
  return {
    repository,
    begin({ root }) {
      if (ref.digest !== undefined && ref.digest !== root.descriptor.digest)
        throw new WherryError(
          'DIGEST_MISMATCH',
          `${familiarName(ref)}: the source is ${root.descriptor.digest}: a copy cannot have another digest`,
        );
    },
    putBlob: (descriptor, read, options) => registry.putBlob(repository, descriptor, read, options),
    async putDocument(document, as) {
      const { bytes, descriptor } = document;
      if (as === 'referrer') await registry.putReferrer(repository, bytes, descriptor.mediaType, signal);
      else await put(withDigest(repository, descriptor.digest), document);
    },
    putTag: (tag, document) => put(withTag(repository, tag), document),
    publish: (root) => put(ref, root),
    [Symbol.asyncDispose]: NOTHING_TO_CLOSE,
  };
}

async function findManifest(
  registry: RegistryClient,
  ref: Reference,
  signal: AbortSignal,
): Promise<RemoteDocument | undefined> {
  // A HEAD takes from no quota, and most images have nothing there.
  if ((await registry.origin.headManifest(ref, signal)) === undefined) return undefined;
  try {
    return await registry.origin.getManifest(ref, signal);
  } catch (error) {
    if (isWherryError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN')) return undefined;
    throw error;
  }
}

/** An index tells how large its manifests are; one that is wrong about it is not to be passed on. */
export function ofRightSize(bytes: Uint8Array, { digest, size }: Descriptor): Uint8Array {
  if (bytes.length === size) return bytes;
  throw new WherryError('SIZE_MISMATCH', `manifest ${digest}: size ${bytes.length}, want ${size}`);
}
