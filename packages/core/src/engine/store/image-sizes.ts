import type { Digest } from '../../digest.ts';
import { ImageContent, totalBytes } from './image-content.ts';
import type { Store } from './store.ts';

/** How large an image is, apart from its layers' files. */
export interface ImageSizes {
  /** Bytes that a pull of the image transfers: its manifest, config and layers as they are packed there. */
  readonly transferBytes: number;
  /** Bytes of the store's blobs that the image needs. */
  readonly diskBytes: number;
  /** Bytes of those blobs that no other image needs, and no repository of the registry service. */
  readonly uniqueBytes: number;
}

/** The sizes of the images with these IDs. Reads a manifest for each. Throws `CORRUPT`. */
export async function imageSizes(store: Store, ids: readonly Digest[]): Promise<Map<Digest, ImageSizes>> {
  const { metadata } = store;
  const content = new ImageContent(store);
  const images = metadata.listImages().map((facts) => ({ facts, blobs: content.blobsOf(facts) }));
  const users = new Map<Digest, number>();
  for (const digest of metadata.descendants(metadata.listCatalog().map((manifest) => manifest.digest)))
    users.set(digest, 1);
  for (const { blobs } of images) for (const digest of blobs) users.set(digest, (users.get(digest) ?? 0) + 1);
  const wanted = new Set(ids);
  const sizes = new Map<Digest, ImageSizes>();
  for (const { facts, blobs } of images) {
    if (!wanted.has(facts.id)) continue;
    const alone = [...blobs].filter((digest) => users.get(digest) === 1);
    sizes.set(facts.id, {
      transferBytes: totalBytes(await content.transferOf(facts)),
      diskBytes: await content.bytesOf(blobs),
      uniqueBytes: await content.bytesOf(alone),
    });
  }
  return sizes;
}
