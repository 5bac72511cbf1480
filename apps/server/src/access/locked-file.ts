import {
  constants,
  type FileHandle,
  mkdir,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
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
  await makeDirectory(resolve(dirname(path)));
  const target = await resolved(path);
  const lock = `${target}.lock`;
  const file = await take(lock);
  let isOpen = true;
  try {
    await file.writeFile(await change(await readIfThere(target)));
    await keepOwner(file, target);
    await file.sync();
    await file.close();
    isOpen = false;
    await rename(lock, target);
  } catch (error) {
    if (isOpen) await file.close();
    await rm(lock, { force: true });
    throw error;
  }
}

/** Where `path` is a symbolic link its target is replaced and the link stays. */
async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return path;
    throw error;
  }
}

/**
 * Root may change the file of a service that runs as another user, who has to be able to read it after that. A new file
 * gets the owner of its directory.
 */
async function keepOwner(file: FileHandle, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = (await statIfThere(path)) ?? (await stat(dirname(path)));
  await file.chown(uid, gid);
}

/** What is made below another user's directory is that user's. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined || process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dirname(first));
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    // That user could have put a link in its place by now.
    const directory = await open(made, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    await directory.chown(uid, gid).finally(() => directory.close());
  }
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
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
  const found = await statIfThere(lock);
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}
