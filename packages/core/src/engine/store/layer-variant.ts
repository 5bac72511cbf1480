import { closeSync, openSync, readSync } from 'node:fs';
import type { Compression } from '../../compression/compression.ts';
import { COMPRESSION_HEAD_BYTES, detectCompression } from '../../compression/detect.ts';
import type { Digest } from '../../digest.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { layerMediaType } from '../../layer/media-type.ts';
import type { ImageFacts, ImageLayer, ImageName, LayerRecord } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Store } from './store.ts';

/** The blob that holds a layer's tar here: the manifest's own, else the tar in another compression. */
export async function layerVariant(
  store: Store,
  layer: Pick<ImageLayer, 'digest' | 'diffID'>,
): Promise<LayerRecord | undefined> {
  const own = store.metadata.findLayer(layer.digest);
  const candidates = [...(own ? [own] : []), ...store.metadata.layersByDiffID(layer.diffID)];
  for (const record of candidates)
    if (record.diffID === layer.diffID && (await store.blobs.stat(record.digest))) return record;
  return undefined;
}

/** The same, for who cannot do without it. Throws `BLOB_UNKNOWN`. */
export async function requireLayerVariant(
  store: Store,
  layer: Pick<ImageLayer, 'digest' | 'diffID'>,
): Promise<LayerRecord> {
  const record = await layerVariant(store, layer);
  if (record) return record;
  throw new WherryError('BLOB_UNKNOWN', `layer ${layer.digest} is not in the store`, {
    hint: 'fetch it again with: wherry pull',
  });
}

/** What a manifest that is made here says of a layer blob, by how it is packed. */
export function storedDescriptor(
  store: Store,
  { digest, size }: Pick<LayerRecord, 'digest' | 'size'>,
): Descriptor {
  const compression = storedCompression(store, digest) ?? 'none';
  return { mediaType: layerMediaType(compression, 'oci'), digest, size };
}

/** Tells whether all of an image can be read from the store. */
export async function isComplete(store: Store, facts: ImageFacts): Promise<boolean> {
  for (const layer of facts.layers) if (!(await layerVariant(store, layer))) return false;
  const documents = await Promise.all(
    [facts.id, facts.manifest.digest].map((digest) => store.blobs.stat(digest)),
  );
  return documents.every((found) => found !== undefined);
}

/** The image behind a name, when all of it and the name's target can be read from the store. */
export async function completeImage(store: Store, name: ImageName): Promise<ImageFacts | undefined> {
  const facts = store.metadata.findImage(name.imageId);
  if (!facts || !(await isComplete(store, facts))) return undefined;
  return (await store.blobs.stat(name.target.digest)) ? facts : undefined;
}

/** How a layer's blob is packed, by its first bytes; `undefined` when it is not in the store. */
export function storedCompression(store: Store, digest: Digest): Compression | undefined {
  try {
    const file = openSync(store.blobs.pathOf(digest), 'r');
    try {
      const head = Buffer.alloc(COMPRESSION_HEAD_BYTES);
      return detectCompression(head.subarray(0, readSync(file, head)));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
