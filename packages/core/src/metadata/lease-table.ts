import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { FileLock } from '../content/file-lock.ts';
import { acquireFileLock, tryFileLock } from '../content/file-lock.ts';
import { toStorageError } from '../content/storage-error.ts';
import type { Digest } from '../digest.ts';
import { isErrno, isWherryError } from '../errors.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import type { Lease } from './metadata-store.ts';

/**
 * Leases: a row each, and a lock file that its holder keeps locked. Whoever can take the lock knows that the
 * holder died, and clears the lease away. The lock comes before the row and goes after it.
 */
export class LeaseTable {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;
  readonly #directory: string;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#directory = join(database.root, 'leases');
  }

  async acquire(purpose: string): Promise<Lease> {
    const id = randomUUID();
    const lock = await this.#lock(id);
    try {
      this.#database.transaction(() => {
        this.clearDead(id);
        this.#database.run('INSERT INTO leases VALUES (?, ?, ?)', id, purpose, this.#clock.now().getTime());
      }, EPHEMERAL);
    } catch (error) {
      lock.release({ remove: true });
      throw error;
    }
    return {
      add: (...digests) => this.#add(id, digests),
      [Symbol.asyncDispose]: async () => this.#release(id, lock),
    };
  }

  digests(): Set<Digest> {
    if (!this.#database.isReadOnly) this.#database.transaction(() => this.clearDead(), EPHEMERAL);
    const rows = this.#database.all('SELECT DISTINCT digest FROM lease_digests');
    return new Set(rows.map((row) => row.digest as Digest));
  }

  /** Forgets the leases whose holders are dead; `own` is not asked for. To be called in a transaction. */
  clearDead(own?: string): void {
    const ids = this.#database.all('SELECT id FROM leases').map((row) => row.id as string);
    for (const id of new Set([...ids, ...this.#lockedIds()])) {
      if (id === own) continue;
      const lock = this.#tryLock(id);
      if (lock === undefined) continue;
      this.#forget(id);
      lock.release({ remove: true });
    }
  }

  #add(id: string, digests: readonly Digest[]): void {
    this.#database.transaction(() => {
      for (const digest of digests)
        this.#database.run('INSERT OR IGNORE INTO lease_digests VALUES (?, ?)', digest, id);
    }, EPHEMERAL);
  }

  #release(id: string, lock: FileLock): void {
    try {
      this.#database.transaction(() => this.#forget(id), EPHEMERAL);
    } catch (error) {
      // A full disk takes no note of it. The lock is free, so whoever comes next forgets the lease, and what
      // filled the disk is told, not this.
      if (!isWherryError(error, 'NO_SPACE')) throw error;
    } finally {
      lock.release({ remove: true });
    }
  }

  #forget(id: string): void {
    this.#database.run('DELETE FROM leases WHERE id = ?', id);
    this.#database.run('DELETE FROM lease_digests WHERE lease_id = ?', id);
  }

  async #lock(id: string): Promise<FileLock> {
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      return await acquireFileLock(this.#lockPath(id));
    } catch (error) {
      throw toStorageError(error, `store ${this.#database.root}`);
    }
  }

  #tryLock(id: string): FileLock | undefined {
    try {
      return tryFileLock(this.#lockPath(id));
    } catch (error) {
      // Without a right to the lock nobody can tell; the lease stays.
      if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return undefined;
      throw error;
    }
  }

  /** Leases by their lock files: a holder may have died before its row was written. */
  #lockedIds(): string[] {
    try {
      return readdirSync(this.#directory)
        .filter((name) => name.endsWith(LOCK_SUFFIX))
        .map((name) => name.slice(0, -LOCK_SUFFIX.length));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #lockPath(id: string): string {
    return join(this.#directory, id + LOCK_SUFFIX);
  }
}

const LOCK_SUFFIX = '.lock';

/** No lease outlives a loss of power, so its rows need not. */
const EPHEMERAL = { durable: false };
