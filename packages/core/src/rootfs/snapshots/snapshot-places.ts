import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { inStoreDirectory } from '../../content/durable-file.ts';
import { acquireFileLock, type FileLock, tryFileLock } from '../../content/file-lock.ts';
import { type Digest, digestHex } from '../../digest.ts';
import { isErrno } from '../../errors.ts';

const HEX = '[0-9a-f]{64}|[0-9a-f]{128}';
const COMPLETE = new RegExp(`^(?:${HEX})$`);
const ANY = new RegExp(`^(?:(?:new|old)-)?(${HEX})(?:-|$)`);

/**
 * Where a store's snapshots lie:
 *
 *     snapshots/<hex>/fs, record.json     a complete one
 *     snapshots/new-<hex>-<uuid>/         one in the making
 *     snapshots/old-<hex>-<uuid>/         one on its way out
 *     snapshots/locks/<hex>               held while one is made or removed
 *     snapshots/uses/                     leases and holds
 */
export class SnapshotPlaces {
  readonly directory: string;

  constructor(root: string) {
    this.directory = join(root, 'snapshots');
  }

  get uses(): string {
    return join(this.directory, 'uses');
  }

  /** Of a complete snapshot. */
  pathOf(diffID: Digest): string {
    return join(this.directory, digestHex(diffID));
  }

  /** A free name for one in the making. */
  newPath(diffID: Digest): string {
    return join(this.directory, `new-${digestHex(diffID)}-${randomUUID()}`);
  }

  /** Takes a snapshot out of its place, where nobody then sees a part of it; where to, if there was one. */
  async setAside(diffID: Digest): Promise<string | undefined> {
    const aside = join(this.directory, `old-${digestHex(diffID)}-${randomUUID()}`);
    try {
      await rename(this.pathOf(diffID), aside);
      return aside;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** The directories of complete snapshots. */
  async complete(): Promise<string[]> {
    const names = await this.#names();
    return names.filter((name) => COMPLETE.test(name)).map((name) => join(this.directory, name));
  }

  /** All directories, whole or not, that belong to a snapshot, each with what names its lock. */
  async all(): Promise<{ readonly path: string; readonly hex: string; readonly isComplete: boolean }[]> {
    return (await this.#names()).flatMap((name) => {
      const hex = ANY.exec(name)?.[1];
      if (hex === undefined) return [];
      return [{ path: join(this.directory, name), hex, isComplete: COMPLETE.test(name) }];
    });
  }

  /** What is left of a snapshot whose making or removal broke off. Its lock is held. */
  async leftoversOf(diffID: Digest): Promise<string[]> {
    const hex = digestHex(diffID);
    return (await this.all()).filter((each) => each.hex === hex && !each.isComplete).map(({ path }) => path);
  }

  /** The lock of a snapshot, if nobody has it. */
  async tryLock(hex: string): Promise<FileLock | undefined> {
    return inStoreDirectory(this.#locks, () => tryFileLock(this.#lockPath(hex)));
  }

  /** Waits for the lock of a snapshot. */
  async lock(hex: string, signal?: AbortSignal): Promise<FileLock> {
    return inStoreDirectory(this.#locks, () => acquireFileLock(this.#lockPath(hex), { signal }));
  }

  /** `false`: nobody has the lock of a snapshot, for it goes with its file. `true`: somebody may have it. */
  isLocked(hex: string): boolean {
    return existsSync(this.#lockPath(hex));
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.directory)).sort();
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  get #locks(): string {
    return join(this.directory, 'locks');
  }

  #lockPath(hex: string): string {
    return join(this.#locks, hex);
  }
}
