import type { BlobReader } from '../../content/blob-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { documentChildren } from '../../oci/index-document.ts';
import { isForeignLayerType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from './documents.ts';

/**
 * Everything that a manifest or index leads to, itself first; `undefined` when some of it is not in the store.
 * Layers that are not to be distributed may be missing.
 */
export async function wholeContent(blobs: BlobReader, top: Descriptor): Promise<Descriptor[] | undefined> {
  if (!(await blobs.stat(top.digest))) return isForeignLayerType(top.mediaType) ? [] : undefined;
  const found = [top];
  if (!isIndexType(top.mediaType) && !isManifestType(top.mediaType)) return found;
  const bytes = await readOwnDocument(blobs, top.digest, MAX_MANIFEST_BYTES);
  for (const child of documentChildren(top.mediaType, bytes)) {
    const content = await wholeContent(blobs, child);
    if (!content) return undefined;
    found.push(...content);
  }
  return found;
}
