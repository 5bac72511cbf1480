import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errors.ts';
import type { FileLock } from './file-lock.ts';
import { acquireFileLock, tryFileLock } from './file-lock.ts';
import { STORE_DIR_MODE } from './store-paths.ts';

const LOCK = 'lock';
/** More than there can be writers in a row; behind a broken link the directory is never there. */
const MAX_ATTEMPTS = 1000;

/**
 * One write in progress on disk: a directory with `data`, the bytes so far, and `lock`, which the writer
 * holds. The directory goes when the write ends; a writer that waits makes it anew.
 */
export class IngestDirectory {
  readonly dataPath: string;
  readonly #directory: string;
  readonly #lock: FileLock;

  private constructor(directory: string, lock: FileLock) {
    this.#directory = directory;
    this.#lock = lock;
    this.dataPath = dataPathOf(directory);
  }

  /** Waits for the directory's lock. Throws `CANCELLED` and what the file system says. */
  static async acquire(directory: string, signal?: AbortSignal): Promise<IngestDirectory> {
    for (let attempt = 1; ; attempt++) {
      try {
        // To make what is there waits for whoever changes the directory above, and that one for the disk.
        if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: STORE_DIR_MODE });
        return new IngestDirectory(directory, await acquireFileLock(lockPathOf(directory), { signal }));
      } catch (error) {
        // The writer before us finished and took the directory away; `mkdir` too stumbles over that.
        if (!isErrno(error, 'ENOENT') || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** The directory if it is there and nobody writes in it. */
  static async tryAcquire(directory: string): Promise<IngestDirectory | undefined> {
    try {
      const lock = tryFileLock(lockPathOf(directory));
      return lock && new IngestDirectory(directory, lock);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  /** Lets the next writer in; it finds the bytes. */
  release(): void {
    this.#lock.release();
  }

  /** Forgets the bytes and lets the next writer in. */
  async remove(): Promise<void> {
    try {
      // What lies beside the bytes is about them: a table of contents, a hash state.
      for (const name of readdirSync(this.#directory))
        if (name !== LOCK) rmSync(join(this.#directory, name), { force: true, recursive: true });
    } finally {
      this.#lock.release({ remove: true });
    }
    try {
      // Waits for the file system's journal, which is busy while others flush.
      await rmdir(this.#directory);
    } catch (error) {
      // The next writer has put its lock there already, or has been through and cleared away.
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY', 'EPERM')) throw error;
    }
  }
}

/** Bytes held in an ingest's directory and when the last ones came; `undefined`: there is none. */
export async function statIngest(
  directory: string,
): Promise<{ bytes: number; modifiedAt: Date } | undefined> {
  try {
    const { size, mtime } = await stat(dataPathOf(directory));
    return { bytes: size, modifiedAt: mtime };
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
  try {
    const held = await stat(directory);
    return held.isDirectory() ? { bytes: 0, modifiedAt: held.mtime } : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function dataPathOf(directory: string): string {
  return join(directory, 'data');
}

function lockPathOf(directory: string): string {
  return join(directory, LOCK);
}
