import { collect } from '../../bytes/collect.ts';
import { bytesOf } from '../../bytes/from.ts';
import type { BlobReader, BlobStore } from '../../content/blob-store.ts';
import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';

/** Registries take manifests of at least this size, and few larger. OCI distribution-spec v1.1, "Pushing Manifests". */
export const MAX_MANIFEST_BYTES = 4 << 20;
/** Configs are blobs, and no specification bounds them; Docker's own limit for JSON it reads. */
export const MAX_CONFIG_BYTES = 16 << 20;

/** Puts a document into the store under its digest; the bytes are verified on the way. */
export async function storeDocument(
  blobs: BlobStore,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const known = await blobs.stat(descriptor.digest);
  if (known?.size === descriptor.size) return;
  await using writer = await blobs.begin(descriptor.digest, {
    digest: descriptor.digest,
    size: descriptor.size,
    ...(signal && { signal }),
  });
  // A document is sent whole or not at all: what an earlier attempt left is no use.
  for await (const chunk of bytesOf(bytes.subarray(writer.offset))) await writer.write(chunk);
  await writer.commit();
}

/** Reads a document of the store. Throws `BLOB_UNKNOWN`, `TOO_LARGE`. */
export async function readDocument(blobs: BlobReader, digest: Digest, maxBytes: number): Promise<Uint8Array> {
  return collect(blobs.read(digest), maxBytes);
}

/** Like `readDocument`, and says what to do about a document that should be here. */
export async function readOwnDocument(
  blobs: BlobReader,
  digest: Digest,
  maxBytes: number,
): Promise<Uint8Array> {
  try {
    return await readDocument(blobs, digest, maxBytes);
  } catch (cause) {
    throw new WherryError('CORRUPT', `document ${digest} cannot be read from the store`, {
      hint: 'see what else is wrong with: wherry system check',
      cause,
    });
  }
}
