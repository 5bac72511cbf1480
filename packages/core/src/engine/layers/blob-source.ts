import type { ByteSource } from '../../bytes/byte-source.ts';
import type { ByteRange } from '../../content/blob-store.ts';
import { WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Reference, sameRepository } from '../../reference.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { Store } from '../store/store.ts';

export interface BlobSourceOptions {
  /** Where the blob is known to be. */
  readonly locations: readonly Reference[];
  /** Where it is not to be read from, because it is on its way there. */
  readonly except: Reference;
  readonly signal: AbortSignal;
}

/**
 * A reader of a blob from the store, or, when the store holds its tar under another compression only, from where
 * it was pulled: a digest never changes. Reading throws `BLOB_UNKNOWN`, the registry's codes.
 */
export function blobSource(
  { store, registry }: { readonly store: Store; readonly registry: RegistryClient },
  descriptor: Descriptor,
  { locations, except, signal }: BlobSourceOptions,
): (range?: ByteRange) => ByteSource {
  return async function* read(range?: ByteRange): ByteSource {
    if (await store.blobs.stat(descriptor.digest)) return yield* store.blobs.read(descriptor.digest, range);
    const source = locations.find((location) => !sameRepository(location, except));
    if (!source)
      throw new WherryError('BLOB_UNKNOWN', `blob ${descriptor.digest} is not in the store`, {
        hint: 'fetch it again with: wherry pull',
      });
    yield* registry.getBlob(source, descriptor, range, signal);
  };
}
