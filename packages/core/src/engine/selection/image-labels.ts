import { collect } from '../../bytes/collect.ts';
import type { BlobReader } from '../../content/blob-store.ts';
import type { Digest } from '../../digest.ts';
import { isWherryError } from '../../errors.ts';
import { parseImageConfig } from '../../oci/image-config.ts';
import { forEachLimited } from '../limiter.ts';
import { MAX_CONFIG_BYTES } from '../store/documents.ts';

export type Labels = Readonly<Record<string, string>>;

/** Configs never change, so what was read of one holds: for services, which are asked again and again. */
const known = new WeakMap<BlobReader, Map<Digest, Labels>>();
/** Beyond this all is read anew: a handful of short texts each. */
const MAX_KNOWN = 50_000;

/** Files open at once. */
const READERS = 8;

/**
 * Reads the labels of images out of their configs, about 0.1 ms each for the first time: the metadata does not have them, and few
 * commands ask. An image that another process removes on the way is left out. Throws `CANCELLED`.
 */
export async function readLabels(
  blobs: BlobReader,
  images: readonly Digest[],
  signal?: AbortSignal,
): Promise<Map<Digest, Labels>> {
  const labels = new Map<Digest, Labels>();
  const seen = known.get(blobs) ?? new Map<Digest, Labels>();
  known.set(blobs, seen);
  if (seen.size > MAX_KNOWN) seen.clear();
  const unread: Digest[] = [];
  for (const id of images) {
    const read = seen.get(id);
    if (read) labels.set(id, read);
    else unread.push(id);
  }
  await forEachLimited(unread, READERS, signal, async (id) => {
    try {
      const { config } = parseImageConfig(await collect(blobs.read(id), MAX_CONFIG_BYTES));
      const read = config?.Labels ?? {};
      labels.set(id, read);
      seen.set(id, read);
    } catch (error) {
      if (!isWherryError(error, 'BLOB_UNKNOWN')) throw error;
    }
  });
  return labels;
}
