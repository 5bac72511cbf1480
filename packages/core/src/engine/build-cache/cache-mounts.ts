import { randomUUID } from 'node:crypto';
import { readdirSync, type Stats } from 'node:fs';
import { lstat, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { allocatedBytes } from '../../content/allocated-bytes.ts';
import { type FileLock, tryFileLock } from '../../content/file-lock.ts';
import { namesIn } from '../../content/names-in.ts';
import { isErrno } from '../../errors.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import { BuildPlaces } from './build-places.ts';

const ID_FILE = 'id';
const NUMBER = /^\d+$/;
const LEFTOVER = /^(\d+)\.(?:new$|old-)/;

/** What a cache mount of RUN keeps between builds. */
export interface CacheMountDirectory {
  /** The name of its directory, and behind a hyphen the number of one that steps do not share. */
  readonly id: string;
  /** What the Dockerfile calls it. */
  readonly mountId: string;
  readonly path: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

/**
 * The cache mounts of a store, each in `<name>/<number>`. A step that has one alone holds `<number>.lock`; each that
 * shares it holds a `<number>.use-…`, and took the former for a moment first. So whoever has the former, and finds
 * none of the latter held, has it alone too.
 */
export class CacheMounts {
  readonly #directory: string;

  constructor(root: string) {
    this.#directory = new BuildPlaces(root).mounts;
  }

  async list(): Promise<CacheMountDirectory[]> {
    const found: CacheMountDirectory[] = [];
    for (const name of (await namesIn(this.#directory)).sort()) {
      const parent = join(this.#directory, name);
      for (const number of (await entriesOf(parent)).filter((each) => NUMBER.test(each)).sort()) {
        const mount = await this.#describe(name, number);
        if (mount) found.push(mount);
      }
    }
    return found;
  }

  /** Tells whether a running step has it. */
  isInUse({ path }: Pick<CacheMountDirectory, 'path'>): boolean {
    const lock = lockAlone(path);
    lock?.release();
    return lock === undefined;
  }

  /** Removes one that no step has; tells whether it did. */
  async remove({ path }: Pick<CacheMountDirectory, 'path'>): Promise<boolean> {
    const lock = lockAlone(path);
    if (lock === undefined) return false;
    const aside = `${path}.old-${randomUUID()}`;
    try {
      await rename(path, aside);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    } finally {
      lock.release();
    }
    await removeTrees(aside);
    return true;
  }

  /** What is left of making or removing one that broke off; `dryRun`: only tells what it is. */
  async clearLeftovers(options: { readonly dryRun?: boolean } = {}): Promise<string[]> {
    const cleared: string[] = [];
    for (const name of (await namesIn(this.#directory)).sort()) {
      const parent = join(this.#directory, name);
      for (const entry of await entriesOf(parent)) {
        const number = LEFTOVER.exec(entry)?.[1];
        const lock = number === undefined ? undefined : lockAlone(join(parent, number));
        if (lock === undefined) continue;
        try {
          if (!options.dryRun) await removeTrees(join(parent, entry));
          cleared.push(join(parent, entry));
        } finally {
          lock.release();
        }
      }
    }
    return cleared;
  }

  /** A use sets the time of the file with the ID; most of them change the directory, too. */
  async #describe(name: string, number: string): Promise<CacheMountDirectory | undefined> {
    const parent = join(this.#directory, name);
    const path = join(parent, number);
    const stat = await statIfThere(path);
    if (!stat?.isDirectory()) return undefined;
    const times = [stat, await statIfThere(join(parent, ID_FILE))];
    return {
      id: number === '0' ? name : `${name}-${number}`,
      mountId: await readMountId(join(parent, ID_FILE), name),
      path,
      createdAt: stat.birthtimeMs > 0 ? stat.birthtime : stat.ctime,
      lastUsedAt: new Date(Math.max(...times.map((each) => each?.mtimeMs ?? 0))),
    };
  }
}

/** Bytes that the file system gives to what lies in a directory, itself included; hard links count once. */
export async function allocatedBelow(directory: string): Promise<number> {
  const seen = new Set<string>();
  const visit = async (path: string): Promise<number> => {
    const stat = await statIfThere(path);
    if (!stat || seen.has(`${stat.dev}:${stat.ino}`)) return 0;
    if (stat.nlink > 1) seen.add(`${stat.dev}:${stat.ino}`);
    let bytes = allocatedBytes(stat);
    if (stat.isDirectory()) for (const name of await entriesOf(path)) bytes += await visit(join(path, name));
    return bytes;
  };
  return visit(directory);
}

function lockAlone(path: string): FileLock | undefined {
  const lock = tryOf(`${path}.lock`);
  if (lock === undefined) return undefined;
  if (!isShared(path)) return lock;
  lock.release();
  return undefined;
}

function isShared(path: string): boolean {
  return usesOf(path).some((use) => {
    const lock = tryOf(use);
    lock?.release({ remove: true });
    return lock === undefined;
  });
}

function usesOf(path: string): string[] {
  const [parent, prefix] = [dirname(path), `${basename(path)}.use-`];
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(parent, name));
}

/** Without a right to the lock nobody can tell: it counts as held. */
function tryOf(path: string): FileLock | undefined {
  try {
    return tryFileLock(path);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return undefined;
    throw error;
  }
}

async function readMountId(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return name;
    throw error;
  }
}

/** A running step may remove what was listed a moment ago. */
async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
