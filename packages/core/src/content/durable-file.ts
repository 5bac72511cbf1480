import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrno } from '../errors.ts';
import { STORE_DIR_MODE } from './store-paths.ts';

/**
 * Moves a file, whose bytes are flushed, to its final place on the same file system, such that the new name
 * survives a loss of power too. Makes the directory if need be.
 */
export async function publishFile(from: string, to: string): Promise<void> {
  const directory = dirname(to);
  await inStoreDirectory(directory, () => rename(from, to));
  await syncDirectory(directory);
}

/** Does something in a directory of the store, which is made if it turns out not to be there. */
export async function inStoreDirectory<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    await makeStoreDirectory(path);
    return await work();
  }
}

/** Makes a directory of the store and those above it; present ones stay as they are. */
export async function makeStoreDirectory(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true, mode: STORE_DIR_MODE });
  if (firstMade === undefined) return;
  for (let made = path; made.length >= firstMade.length; made = dirname(made))
    await syncDirectory(dirname(made));
}

/** Writes and publishes a small file in one step: readers see the old one or the new one. */
export async function writeFileAtomically(temporary: string, to: string, text: string): Promise<void> {
  await makeStoreDirectory(dirname(temporary));
  const handle = await open(temporary, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await publishFile(temporary, to);
}

interface Flush {
  readonly running: Promise<void>;
  /** The one after it, for those who came while it ran. */
  waiting?: Promise<void>;
}

/** By directory. */
const flushes = new Map<string, Flush>();

/**
 * Writers that publish into a directory at the same time share a flush: of those that come while one runs, which may
 * not see what they did, all wait for the next one.
 */
async function syncDirectory(path: string): Promise<void> {
  // Windows has no flush for directories and refuses to open them.
  if (process.platform === 'win32') return;
  const current = flushes.get(path);
  if (current) {
    current.waiting ??= current.running.catch(() => {}).then(() => startFlush(path));
    return current.waiting;
  }
  return startFlush(path);
}

function startFlush(path: string): Promise<void> {
  const flush: Flush = { running: flushDirectory(path) };
  flushes.set(path, flush);
  const end = () => {
    if (flushes.get(path) === flush && flush.waiting === undefined) flushes.delete(path);
  };
  flush.running.then(end, end);
  return flush.running;
}

async function flushDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
