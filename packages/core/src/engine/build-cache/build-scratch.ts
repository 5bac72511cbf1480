import { randomUUID } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inStoreDirectory, makeStoreDirectory } from '../../content/durable-file.ts';
import { acquireFileLock, tryFileLock } from '../../content/file-lock.ts';
import { namesIn } from '../../content/names-in.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import { STORE_DIR_MODE } from '../../content/store-paths.ts';
import { readMounts } from '../../rootfs/mount-info.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import { BuildPlaces } from './build-places.ts';

const LOCK = '.lock';
/** Of a build, or the key of a step. */
const ID = /^(?:[0-9a-f-]{36}|[0-9a-f]{64})$/;

/** A directory for what one build has on its way. Disposing it removes it. */
export interface BuildScratch extends AsyncDisposable {
  readonly directory: string;
}

/**
 * Makes a scratch directory, which belongs to this process for as long as it lives, and clears away those of
 * processes that were killed. Throws `NO_SPACE`, `PERMISSION_DENIED`.
 */
export async function buildScratch(root: string): Promise<BuildScratch> {
  const { scratch } = new BuildPlaces(root);
  return withStorageErrors(`write to ${scratch}`, async () => {
    await makeStoreDirectory(scratch);
    await clearDeadScratch(root);
    const directory = join(scratch, randomUUID());
    // Before the directory: one without a lock is a dead one.
    const lock = await acquireFileLock(directory + LOCK);
    const dispose = async () => {
      try {
        if (!isRemovedEmpty(directory)) await removeTrees(directory);
      } finally {
        lock.release({ remove: true });
      }
    };
    try {
      await mkdir(directory, { mode: STORE_DIR_MODE });
    } catch (error) {
      await dispose();
      throw error;
    }
    return { directory, [Symbol.asyncDispose]: dispose };
  });
}

/** Most builds leave it empty: then there is nothing to look for. */
function isRemovedEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    // Whatever hinders it, `removeTrees` gets further, or says what it was.
    return false;
  }
}

/**
 * Waits until no other build makes the step of this key. The lock goes when it is disposed, or when the process ends;
 * the file of one that was killed goes with its scratch directory. Throws `CANCELLED`, `NO_SPACE`, `PERMISSION_DENIED`.
 */
export async function claimStep(root: string, key: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  const { scratch } = new BuildPlaces(root);
  return withStorageErrors(`write to ${scratch}`, async () => {
    const lock = await inStoreDirectory(scratch, () =>
      acquireFileLock(join(scratch, key + LOCK), { signal }),
    );
    return { [Symbol.asyncDispose]: async () => lock.release({ remove: true }) };
  });
}

/**
 * Removes the scratch directories of processes that have ended; `dryRun`: only tells which they are. One in which
 * something is mounted stays: what it shows is not ours to remove.
 */
export async function clearDeadScratch(
  root: string,
  options: { readonly dryRun?: boolean } = {},
): Promise<string[]> {
  const { scratch } = new BuildPlaces(root);
  const names = await namesIn(scratch);
  const ids = new Set(names.map((name) => (name.endsWith(LOCK) ? name.slice(0, -LOCK.length) : name)));
  const dead: string[] = [];
  for (const id of [...ids].filter((each) => ID.test(each)).sort()) {
    const path = join(scratch, id);
    const lock = tryFileLock(path + LOCK);
    if (lock === undefined) continue;
    const isClear = !(await hasMounts(path));
    try {
      if (isClear && !options.dryRun) await removeTrees(path);
      if (isClear && names.includes(id)) dead.push(path);
    } finally {
      lock.release({ remove: true });
    }
  }
  return dead;
}

async function hasMounts(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const mounts = await readMounts();
  return mounts.some(({ target }) => target === path || target.startsWith(`${path}/`));
}
