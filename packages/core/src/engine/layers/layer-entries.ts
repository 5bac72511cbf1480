import { createReadStream } from 'node:fs';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { fromReadable } from '../../bytes/node.ts';
import { decompressAuto } from '../../compression/decompress.ts';
import { tocPath } from '../../content/store-paths.ts';
import type { Digest } from '../../digest.ts';
import { isErrno, isWherryError, throwIfCancelled } from '../../errors.ts';
import type { TocEntry } from '../../layer/toc-format.ts';
import { readTocSource } from '../../layer/toc-reader.ts';
import { readTar } from '../../tar/reader.ts';
import type { Store } from '../store/store.ts';

/**
 * The entries of a layer blob's tar, in its order: from the table of contents, or, where that is lost or
 * damaged, from the blob. Throws what reading the blob throws, `CANCELLED`.
 */
export async function layerEntries(store: Store, digest: Digest, signal?: AbortSignal): Promise<TocEntry[]> {
  try {
    return await gather(readTocSource(fromReadable(createReadStream(tocPath(store.root, digest)))), signal);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isWherryError(error, 'CORRUPT')) throw error;
  }
  return gather(scan(layerTar(store, digest)), signal);
}

async function* scan(tar: ByteSource): AsyncGenerator<TocEntry> {
  for await (const { entry } of readTar(tar)) yield entry;
}

async function gather(entries: AsyncIterable<TocEntry>, signal?: AbortSignal): Promise<TocEntry[]> {
  const found: TocEntry[] = [];
  for await (const entry of entries) {
    throwIfCancelled(signal);
    found.push(entry);
  }
  return found;
}

/** The tar of a layer blob. Throws `BLOB_UNKNOWN`, `CORRUPT`, `TRUNCATED`. */
export function layerTar(store: Store, digest: Digest): ByteSource {
  return decompressAuto(store.blobs.read(digest));
}
