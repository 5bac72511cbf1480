import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inStoreDirectory } from '../../content/durable-file.ts';
import { acquireFileLock, tryFileLock } from '../../content/file-lock.ts';
import { type Digest, isDigest } from '../../digest.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { isTemporary, replaceFile } from '../replace-file.ts';

const LEASE = 'lease-';
const HOLD = 'hold-';
const LOCK = '.lock';
/** Nobody takes that long to write a file. */
const TEMPORARY_MAX_AGE_MS = 24 * 3600 * 1000;
/** What a container's ID or a build's name may be, as a file's name. */
const HOLDER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Who uses which snapshots, as files: leases, which end with the process that has them, however it ends, because
 * it keeps a lock file beside each; and holds, which stay until their holder, a container say, lets go.
 */
export class SnapshotUses {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Takes a lease. */
  async lease(diffIDs: readonly Digest[]): Promise<AsyncDisposable> {
    const name = `${LEASE}${randomUUID()}`;
    const lock = await inStoreDirectory(this.#directory, () => acquireFileLock(this.#lockPath(name)));
    const release = async () => {
      await rm(this.#path(name), { force: true });
      lock.release({ remove: true });
    };
    try {
      await replaceFile(this.#path(name), JSON.stringify(diffIDs));
    } catch (error) {
      await release();
      throw error;
    }
    return { [Symbol.asyncDispose]: release };
  }

  /** Holds snapshots until `release`; a second hold of the same holder takes the place of the first. */
  async hold(holder: string, diffIDs: readonly Digest[]): Promise<void> {
    const path = this.#path(holdName(holder));
    // Not flushed: what it is held for does not outlive a loss of power.
    await inStoreDirectory(this.#directory, () => replaceFile(path, JSON.stringify(diffIDs)));
  }

  /** Ends a hold; fine when there is none. */
  async release(holder: string): Promise<void> {
    await rm(this.#path(holdName(holder)), { force: true });
  }

  /** All that are in use. Clears away the leases of dead processes. */
  async used(): Promise<Set<string>> {
    const used = new Set<string>();
    for (const file of await this.#files()) {
      if (!file.endsWith('.json')) continue;
      const name = file.slice(0, -'.json'.length);
      if (name.startsWith(LEASE) && this.#clearIfDead(name)) {
        await rm(this.#path(name), { force: true });
        continue;
      }
      for (const diffID of await this.#read(name)) used.add(diffID);
    }
    return used;
  }

  /** The holders, each with what it holds. */
  async holds(): Promise<Map<string, readonly Digest[]>> {
    const holds = new Map<string, readonly Digest[]>();
    for (const file of await this.#files())
      if (file.startsWith(HOLD) && file.endsWith('.json')) {
        const name = file.slice(0, -'.json'.length);
        holds.set(name.slice(HOLD.length), await this.#read(name));
      }
    return holds;
  }

  /** Removes what dead processes left that took a lease, or wrote one of these files. */
  async clean(): Promise<void> {
    for (const file of await this.#files()) {
      if (file.startsWith(LEASE) && file.endsWith(LOCK)) this.#clearIfDead(file.slice(0, -LOCK.length));
      else if (isTemporary(file)) await this.#removeOld(file);
    }
    await this.used();
  }

  async #removeOld(file: string): Promise<void> {
    const path = join(this.#directory, file);
    const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (Date.now() - writtenAt > TEMPORARY_MAX_AGE_MS) await rm(path, { force: true });
  }

  #clearIfDead(name: string): boolean {
    const lock = tryFileLock(this.#lockPath(name));
    lock?.release({ remove: true });
    return lock !== undefined;
  }

  async #read(name: string): Promise<Digest[]> {
    try {
      const diffIDs: unknown = JSON.parse(await readFile(this.#path(name), 'utf8'));
      return Array.isArray(diffIDs) ? diffIDs.filter(isDigest) : [];
    } catch (error) {
      // It ended just now, or was cut off by a loss of power, and the container with it.
      if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return [];
      throw error;
    }
  }

  async #files(): Promise<string[]> {
    try {
      return await readdir(this.#directory);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #path(name: string): string {
    return join(this.#directory, `${name}.json`);
  }

  #lockPath(name: string): string {
    return join(this.#directory, `${name}${LOCK}`);
  }
}

function holdName(holder: string): string {
  if (!HOLDER.test(holder))
    throw new WherryError('INVALID_ARGUMENT', `invalid holder of snapshots: ${holder}`);
  return `${HOLD}${holder}`;
}
