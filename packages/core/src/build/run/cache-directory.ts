import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { acquireFileLock, type FileLock, tryFileLock } from '../../content/file-lock.ts';
import { isErrno, throwIfCancelled } from '../../errors.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import { ownerNotMapped } from '../../rootfs/unpack/unpack-error.ts';
import type { CacheMount } from './run-mount.ts';

const ID_CHARS = 32;
const POLL_MS = 20;

/**
 * The directory of a cache mount, held until it is disposed or the process ends:
 *
 *     <root>/<hash of the ID>/id          the ID
 *     <root>/<hash>/<number>/             what steps keep; above 0 of those that share with nobody
 *     <root>/<hash>/<number>.new/         one in the making
 *     <root>/<hash>/<number>.lock         held by who has it alone, or looks
 *     <root>/<hash>/<number>.use-<uuid>   held by each who shares it
 */
export class CacheDirectory implements AsyncDisposable {
  readonly directory: string;
  readonly #lock: FileLock;
  readonly #use: FileLock | undefined;

  private constructor(directory: string, lock: FileLock, use: FileLock | undefined) {
    this.directory = directory;
    this.#lock = lock;
    this.#use = use;
  }

  /** Waits for whoever does not share; a step that shares with nobody takes the first one that is free. */
  static async open(
    root: string,
    { id, sharing }: Pick<CacheMount, 'id' | 'sharing'>,
    signal?: AbortSignal,
  ): Promise<CacheDirectory> {
    const parent = join(root, createHash('sha256').update(id).digest('hex').slice(0, ID_CHARS));
    if (!existsSync(join(parent, 'id'))) {
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      writeFileSync(join(parent, 'id'), id, { mode: 0o600 });
    }
    if (sharing === 'private') return firstFree(parent);
    const directory = join(parent, '0');
    const lock = await acquireFileLock(`${directory}.lock`, { signal });
    try {
      if (sharing === 'shared') return new CacheDirectory(directory, lock, useOf(directory));
      while (isShared(parent, '0')) {
        throwIfCancelled(signal);
        await systemClock.sleep(POLL_MS);
      }
      return new CacheDirectory(directory, lock, undefined);
    } catch (error) {
      lock.release();
      throw error;
    }

    function firstFree(from: string): CacheDirectory {
      for (let number = 0; ; number++) {
        const path = join(from, String(number));
        const free = tryFileLock(`${path}.lock`);
        if (free === undefined) continue;
        if (!isShared(from, String(number))) return new CacheDirectory(path, free, undefined);
        free.release();
      }
    }
  }

  get isNew(): boolean {
    return !existsSync(this.directory);
  }

  /** Makes it, if it is new; `fill` puts into it what it begins with. */
  async make(
    { uid = 0, gid = 0, mode = 0o755 }: Pick<CacheMount, 'uid' | 'gid' | 'mode'>,
    fill: (directory: string) => Promise<void>,
  ): Promise<void> {
    if (this.isNew) {
      const made = `${this.directory}.new`;
      // Of one that was killed.
      await removeTrees(made);
      mkdirSync(made, { mode: 0o700 });
      await fill(made);
      setOwner(made, uid, gid);
      chmodSync(made, mode);
      renameSync(made, this.directory);
    }
    // The others may come in.
    if (this.#use) this.#lock.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#use?.release({ remove: true });
    this.#lock.release();
  }
}

function useOf(directory: string): FileLock {
  const lock = tryFileLock(`${directory}.use-${randomUUID()}`);
  if (lock === undefined) throw new Error(`${directory}: a new file is locked`);
  return lock;
}

/** Tells whether somebody shares the cache. Clears away what was left by those who were killed. */
function isShared(parent: string, name: string): boolean {
  return readdirSync(parent)
    .filter((each) => each.startsWith(`${name}.use-`))
    .some((each) => {
      const lock = tryFileLock(join(parent, each));
      lock?.release({ remove: true });
      return lock === undefined;
    });
}

function setOwner(path: string, uid: number, gid: number): void {
  try {
    chownSync(path, uid, gid);
  } catch (error) {
    if (isErrno(error, 'EINVAL')) throw ownerNotMapped(path, `${uid}:${gid}`);
    throw error;
  }
}
