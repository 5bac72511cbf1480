import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../digest.ts';
import { isErrno } from '../errors.ts';
import { publishFile } from './durable-file.ts';
import { namesIn } from './names-in.ts';
import { withStorageErrors } from './storage-error.ts';
import { STORE_DIR_MODE, temporaryPath, tocPath } from './store-paths.ts';

/**
 * Names a file under the store's `tmp/` that does not exist yet, to be written, then moved with `publishToc`
 * or removed. What a dead process leaves there goes with `removeStaleTemporaries`.
 */
export async function newTemporaryFile(root: string): Promise<string> {
  const path = temporaryPath(root);
  await withStorageErrors(`write to ${root}`, () =>
    mkdir(dirname(path), { recursive: true, mode: STORE_DIR_MODE }),
  );
  return path;
}

/**
 * Flushes a finished file of `newTemporaryFile` and makes it the table of contents of the layer blob
 * `digest`. An equal one that is there already is replaced.
 */
export async function publishToc(root: string, digest: Digest, temporary: string): Promise<void> {
  await withStorageErrors(`write table of contents of ${digest}`, async () => {
    const handle = await open(temporary, 'r+');
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await publishFile(temporary, tocPath(root, digest));
  });
}

/** Tells whether the layer blob has a table of contents. */
export async function hasToc(root: string, digest: Digest): Promise<boolean> {
  try {
    return (await stat(tocPath(root, digest))).isFile();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Removes the table of contents alone, to be made anew. Tells whether there was one. */
export async function deleteToc(root: string, digest: Digest): Promise<boolean> {
  const existed = await hasToc(root, digest);
  await rm(tocPath(root, digest), { force: true });
  return existed;
}

/** Removes files under `tmp/` last written before `before`; returns their paths. */
export async function removeStaleTemporaries(root: string, before: Date): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await namesIn(join(root, 'tmp'))) {
    const path = join(root, 'tmp', name);
    if (await isOlder(path, before)) {
      await rm(path, { force: true, recursive: true });
      removed.push(path);
    }
  }
  return removed;
}

async function isOlder(path: string, before: Date): Promise<boolean> {
  try {
    return (await stat(path)).mtime < before;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
