import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Digest, digestAlgorithm, digestHex, isDigest, parseDigest } from '../digest.ts';
import { isErrno } from '../errors.ts';
import { namesIn } from './names-in.ts';
import { toStorageError } from './storage-error.ts';
import { ALGORITHMS, blobPath, STORE_DIR_MODE, tocPath } from './store-paths.ts';

/** What a table of contents is called beside its blob in the trash. */
const TOC_SUFFIX = '.toc';

/** Where a collected blob lies until the trash is emptied: `trash/<algorithm>/<hex>`. */
export function trashPath(root: string, digest: Digest): string {
  parseDigest(digest);
  return join(root, 'trash', digestAlgorithm(digest), digestHex(digest));
}

/**
 * Puts a blob and its table of contents into the trash, in the course of a transaction of the metadata. Tells
 * whether there was such a blob.
 */
export function moveToTrashSync(root: string, digest: Digest): boolean {
  const to = trashPath(root, digest);
  try {
    // The blob last: a table of contents without its blob would belong to nothing.
    moveIfThere(tocPath(root, digest), to + TOC_SUFFIX);
    return moveIfThere(blobPath(root, digest), to);
  } catch (error) {
    throw toStorageError(error, `move blob ${digest} to the trash`);
  }
}

/**
 * Takes a blob and its table of contents out of the trash. Tells whether the blob was there; any number of
 * processes may do so at once. Where the store may only be read, what is in the trash stays there.
 */
export function restoreFromTrashSync(root: string, digest: Digest): boolean {
  const from = trashPath(root, digest);
  // Asked for each blob that is not in the store, so that it has to be cheap.
  if (!isThere(from)) return false;
  try {
    const to = blobPath(root, digest);
    if (!moveIfThere(from, to)) return false;
    flushDirectory(dirname(to));
    restoreTocSync(root, digest);
    return true;
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw toStorageError(error, `take blob ${digest} out of the trash`);
  }
}

/** The table of contents alone: a process may have been killed before it came to it. */
export function restoreTocSync(root: string, digest: Digest): boolean {
  return moveIfThere(trashPath(root, digest) + TOC_SUFFIX, tocPath(root, digest));
}

/** Removes a blob for good. Tells whether it was in the trash. */
export function removeFromTrashSync(root: string, digest: Digest): boolean {
  const path = trashPath(root, digest);
  try {
    rmSync(path + TOC_SUFFIX, { force: true });
    if (!isThere(path)) return false;
    rmSync(path, { force: true });
    return true;
  } catch (error) {
    throw toStorageError(error, `remove blob ${digest} from the trash`);
  }
}

/** The blobs in the trash, in no order; those of which only a table of contents is there too. */
export async function listTrash(root: string): Promise<Digest[]> {
  const found = new Set<Digest>();
  for (const algorithm of ALGORITHMS)
    for (const name of await namesIn(join(root, 'trash', algorithm))) {
      const digest = `${algorithm}:${name.endsWith(TOC_SUFFIX) ? name.slice(0, -TOC_SUFFIX.length) : name}`;
      if (isDigest(digest)) found.add(digest);
    }
  return [...found];
}

/** Tells whether `name` can be a file of the trash's directory for `algorithm`. */
export function isTrashName(algorithm: string, name: string): boolean {
  const hex = name.endsWith(TOC_SUFFIX) ? name.slice(0, -TOC_SUFFIX.length) : name;
  return isDigest(`${algorithm}:${hex}`);
}

function moveIfThere(from: string, to: string): boolean {
  if (!isThere(from)) return false;
  try {
    mkdirSync(dirname(to), { recursive: true, mode: STORE_DIR_MODE });
    renameSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Who is told that a blob is here may name it, and must not lose it with the power. */
function flushDirectory(path: string): void {
  // Windows has no flush for directories and refuses to open them.
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
