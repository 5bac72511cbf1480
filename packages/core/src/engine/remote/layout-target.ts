import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { collect } from '../../bytes/collect.ts';
import { createNodeHasher } from '../../bytes/node-hasher.ts';
import { writeFileAtomically } from '../../content/durable-file.ts';
import { acquireFileLock } from '../../content/file-lock.ts';
import { FsBlobStore } from '../../content/fs-blob-store.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import { isErrno } from '../../errors.ts';
import { BLOBS_FOLDER, INDEX_FILE, LAYOUT_CONTENT, LAYOUT_FILE } from '../../oci/layout.ts';
import type { RemoteDocument } from '../../registry/registry-client.ts';
import { MAX_MANIFEST_BYTES, storeDocument } from '../store/documents.ts';
import type { CopyTarget } from './copy-ends.ts';
import { openLayoutDirectory } from './layout-files.ts';
import { changedIndex, type LayoutChange } from './layout-index.ts';

/**
 * A layout directory, made when there is none. Blobs that it has stay, and so do its other images; an image
 * of the same name gives the name up. A copy that breaks off leaves its bytes in `ingests/` for the next one.
 */
export function layoutTarget(directory: string, name: string | undefined, signal: AbortSignal): CopyTarget {
  const blobs = new FsBlobStore(directory, { createHasher: () => createNodeHasher() });
  const changes: LayoutChange[] = [];
  const store = ({ descriptor, bytes }: RemoteDocument) => storeDocument(blobs, descriptor, bytes, signal);
  return {
    verifiesBlobs: true,
    begin: () => {},
    async putBlob(descriptor, read, { onProgress }) {
      const { digest, size } = descriptor;
      await makeFolders(directory);
      if ((await blobs.stat(digest))?.size === size) return { kind: 'present' };
      await using writer = await blobs.begin(digest, { digest, size, signal });
      let at = writer.offset;
      if (!writer.exists && at < size)
        for await (const chunk of read(at === 0 ? undefined : { start: at })) {
          await writer.write(chunk);
          at += chunk.length;
          onProgress?.(at);
        }
      await writer.commit();
      return { kind: 'uploaded' };
    },
    async putDocument(document, as) {
      await store(document);
      if (as === 'referrer') changes.push({ descriptor: document.descriptor });
    },
    async putTag(tag, document) {
      await store(document);
      changes.push({ descriptor: document.descriptor, name: tag });
    },
    async publish(root) {
      await makeFolders(directory);
      await store(root);
      changes.push({ descriptor: root.descriptor, ...(name !== undefined && { name }) });
      await writeIndex(directory, changes, signal);
      await removeEmptyFolders(directory);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** With the rights of any directory, where the store's own are for its owner alone. */
async function makeFolders(directory: string): Promise<void> {
  const path = join(directory, BLOBS_FOLDER, 'sha256');
  await withStorageErrors(`write to ${directory}`, () => mkdir(path, { recursive: true }));
}

/** Copies into one layout may end at the same time: each finds what the others wrote. */
async function writeIndex(
  directory: string,
  changes: readonly LayoutChange[],
  signal: AbortSignal,
): Promise<void> {
  await withStorageErrors(`write index of ${directory}`, async () => {
    const lock = await acquireFileLock(join(directory, 'index.lock'), { signal });
    try {
      const before = await readIndex(directory);
      const temporary = (name: string) => join(directory, `.${name}.new`);
      await writeFileAtomically(temporary(LAYOUT_FILE), join(directory, LAYOUT_FILE), LAYOUT_CONTENT);
      const text = changedIndex(before, changes);
      await writeFileAtomically(temporary(INDEX_FILE), join(directory, INDEX_FILE), text);
    } finally {
      lock.release({ remove: true });
    }
  });
}

async function readIndex(directory: string): Promise<Uint8Array | undefined> {
  await using files = await openLayoutDirectory(directory);
  if ((await files.size(INDEX_FILE)) === undefined) return undefined;
  return await collect(files.read(INDEX_FILE), MAX_MANIFEST_BYTES, INDEX_FILE);
}

/** Takes away what the writes needed, unless another copy, or one that broke off, has something there. */
async function removeEmptyFolders(directory: string): Promise<void> {
  try {
    await rmdir(join(directory, 'ingests'));
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}
