import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno, WherryError } from '@wherry/core';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const WAIT_MS = 50;
const MAX_WAIT_MS = 5_000;
/** Nobody needs so long for a small file: whoever made the lock was killed. */
const STALE_MS = 30_000;

/** Reads a small file; `undefined` when it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Changes a small private file as a whole, one process at a time: `change` gets its text (absent: no file) and
 * gives the new one. The new text is written beside it, flushed and renamed, so that readers see the old or the
 * new. Throws `CONFLICT` when another process does not finish.
 */
export async function changeFile(
  path: string,
  change: (text: string | undefined) => string | Promise<string>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const lock = `${path}.lock`;
  const file = await take(lock);
  let isOpen = true;
  try {
    await file.writeFile(await change(await readIfThere(path)));
    await file.sync();
    await file.close();
    isOpen = false;
    await rename(lock, path);
  } catch (error) {
    if (isOpen) await file.close();
    await rm(lock, { force: true });
    throw error;
  }
}

/** The lock is the file to come: `wx` makes it once, and follows no link. */
async function take(lock: string) {
  for (let waited = 0; ; waited += WAIT_MS) {
    try {
      return await open(lock, 'wx', FILE_MODE);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    if (await isStale(lock)) await rm(lock, { force: true });
    else if (waited >= MAX_WAIT_MS)
      throw new WherryError('CONFLICT', `${lock} is in the way: another process changes the file`);
    else await sleep(WAIT_MS);
  }
}

async function isStale(lock: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(lock)).mtimeMs > STALE_MS;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
