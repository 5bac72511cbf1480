import { accessSync, constants, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../clock.ts';
import { isErrno, throwIfCancelled } from '../errors.ts';

/** An exclusive lock on a file, held until it is released or the process ends, however it ends. */
export interface FileLock extends AsyncDisposable {
  /** Lets the next one in. `remove` takes the file away too. Releasing twice is fine. */
  release(options?: { readonly remove?: boolean }): void;
}

const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 50;
const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;

/** Times the file may be replaced under one attempt before the attempt counts as lost. */
const MAX_REPLACEMENTS = 10;

/**
 * Takes the lock on `path`, a file that is made when there is none, and waits while another process, thread
 * or task has it. Throws `CANCELLED` when `signal` ends the wait, and the system error (`ENOENT`, `EACCES`,
 * `EROFS`) when the file cannot be made.
 */
export async function acquireFileLock(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<FileLock> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    throwIfCancelled(options.signal);
    const lock = tryFileLock(path);
    if (lock !== undefined) return lock;
    try {
      await systemClock.sleep(waitMs, options.signal);
    } catch (error) {
      throwIfCancelled(options.signal);
      throw error;
    }
  }
}

/**
 * Takes the lock on `path` if nobody has it; `undefined` otherwise.
 *
 * The lock is the one that SQLite's exclusive transaction takes on an empty database. Node has no lock call
 * of its own, and a file that holds a process ID survives the process it names; the operating system drops
 * this one with the process. SQLite also keeps apart the tasks of one process, which POSIX locks do not.
 * Nothing else in a process may open the file: closing any descriptor of it would drop the lock.
 */
export function tryFileLock(path: string): FileLock | undefined {
  for (let attempt = 0; attempt < MAX_REPLACEMENTS; attempt++) {
    const before = identityOf(path);
    const database = openLockFile(path);
    if (before === undefined || database === undefined) {
      database?.close();
      continue;
    }
    // SQLite opens a file it may not write for reading, and "exclusive" then excludes nobody.
    if (!isWritable(path, database)) continue;
    if (!beginExclusive(database)) {
      database.close();
      return undefined;
    }
    // The last holder may have removed the file between our look and our lock; then ours is on a file that
    // nobody else will find.
    if (identityOf(path) === before) return new SqliteFileLock(path, database);
    database.close();
  }
  return undefined;
}

class SqliteFileLock implements FileLock {
  readonly #path: string;
  #database: DatabaseSync | undefined;

  constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
  }

  release(options: { readonly remove?: boolean } = {}): void {
    const database = this.#database;
    if (database === undefined) return;
    this.#database = undefined;
    // Removal comes first where it can: behind the release it could hit the next holder's file. Windows
    // refuses to remove an open file, so there it cannot.
    const removesFirst = process.platform !== 'win32';
    try {
      if (options.remove && removesFirst) removeLockFile(this.#path);
    } finally {
      database.close();
    }
    if (options.remove && !removesFirst) removeLockFile(this.#path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}

/** Opens the file and makes it if need be; `undefined`: it went away meanwhile. */
function openLockFile(path: string): DatabaseSync | undefined {
  try {
    return new DatabaseSync(path);
  } catch (error) {
    if (sqliteCode(error) !== SQLITE_CANTOPEN) throw error;
    // SQLite does not say why; the file system does.
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    return undefined;
  }
}

function isWritable(path: string, database: DatabaseSync): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    database.close();
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function beginExclusive(database: DatabaseSync): boolean {
  try {
    // Without a journal in memory SQLite would put one beside the file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) return false;
    database.close();
    throw error;
  }
}

function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as { errcode?: unknown }).errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

function removeLockFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    // Windows: the next holder has it open already.
    if (!isErrno(error, 'EBUSY', 'EPERM')) throw error;
  }
}
