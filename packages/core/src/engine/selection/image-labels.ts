import { collect } from '../../bytes/collect.ts';
import type { BlobReader } from '../../content/blob-store.ts';
import type { Digest } from '../../digest.ts';
import { isWherryError } from '../../errors.ts';
import { parseImageConfig } from '../../oci/image-config.ts';
import { forEachLimited } from '../limiter.ts';
import { MAX_CONFIG_BYTES } from '../store/documents.ts';

export type Labels = Readonly<Record<string, string>>;

/** Files open at once. */
const READERS = 8;

/**
 * Reads the labels of images out of their configs, about 0.1 ms each: the metadata does not have them, and few
 * commands ask. An image that another process removes on the way is left out. Throws `CANCELLED`.
 */
export async function readLabels(
  blobs: BlobReader,
  images: readonly Digest[],
  signal?: AbortSignal,
): Promise<Map<Digest, Labels>> {
  const labels = new Map<Digest, Labels>();
  await forEachLimited(images, READERS, signal, async (id) => {
    try {
      const { config } = parseImageConfig(await collect(blobs.read(id), MAX_CONFIG_BYTES));
      labels.set(id, config?.Labels ?? {});
    } catch (error) {
      if (!isWherryError(error, 'BLOB_UNKNOWN')) throw error;
    }
  });
  return labels;
}
