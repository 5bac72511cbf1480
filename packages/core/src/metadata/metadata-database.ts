import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isErrno, WherryError } from '../errors.ts';

export type Row = Readonly<Record<string, unknown>>;

/** How long a transaction waits for another process's. */
const BUSY_TIMEOUT_MS = 30_000;
const BUSY_POLL_MS = 5;

const BUSY = 5;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
/** IOERR_SHMSIZE: the file that readers share cannot grow, for want of space. */
const NO_SHARED_SPACE = 4874;

/**
 * The SQLite file of a store: prepared statements by their text, transactions, and errors with a code.
 * Throws `NO_SPACE`, `PERMISSION_DENIED`, `CORRUPT`, and `CONFLICT` when another process does not end its
 * transaction.
 */
export class MetadataDatabase {
  readonly root: string;
  readonly isReadOnly: boolean;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inTransaction = false;
  #isDurable = true;
  #isOpen = true;
  #ownChanges = 0;

  private constructor(root: string, database: DatabaseSync, isReadOnly: boolean) {
    this.root = root;
    this.#database = database;
    this.isReadOnly = isReadOnly;
  }

  /** Opens `metadata.db` under `root`, an existing directory, and makes it if need be. */
  static open(root: string): MetadataDatabase {
    return translating(root, () => {
      const path = join(root, 'metadata.db');
      try {
        const database = openReadWrite(path);
        return new MetadataDatabase(root, database, !isWritable(path));
      } catch (error) {
        const isRefused = [CANTOPEN, READONLY].includes(sqliteCode(error) ?? 0);
        // A log beside the file has changes that the file has not; without it the file makes no sense.
        if (!isRefused || !existsSync(path) || existsSync(`${path}-wal`)) throw error;
        return new MetadataDatabase(root, openImmutable(path), true);
      }
    });
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return translating(this.root, () => this.#prepare(sql).all(...values) as Row[]);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return translating(this.root, () => this.#prepare(sql).get(...values) as Row | undefined);
  }

  /** Runs one change; returns the number of rows it touched. */
  run(sql: string, ...values: SQLInputValue[]): number {
    this.#ownChanges++;
    return translating(this.root, () => Number(this.#prepare(sql).run(...values).changes));
  }

  exec(sql: string): void {
    translating(this.root, () => this.#database.exec(sql));
  }

  /**
   * Runs `work` in one transaction that excludes every other writer from its start; what throws undoes it.
   * Inside another it is a part of that one. `durable: false`: a loss of power may undo it, no more. `undo`: it
   * is undone in any case, once `work` has returned.
   */
  transaction<T>(work: () => T, options: { readonly durable?: boolean; readonly undo?: boolean } = {}): T {
    if (this.#inTransaction) return work();
    this.#setDurable(options.durable ?? true);
    this.exec('BEGIN IMMEDIATE');
    this.#inTransaction = true;
    try {
      const result = work();
      this.exec(options.undo === true ? 'ROLLBACK' : 'COMMIT');
      return result;
    } catch (error) {
      // Some failures have ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** Changes whenever another connection has changed the file. */
  foreignChanges(): number {
    return Number(this.get('PRAGMA data_version')?.data_version);
  }

  /** Another one after each change of the file, by whatever connection. */
  revision(): string {
    return `${this.#ownChanges} ${this.foreignChanges()}`;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #setDurable(durable: boolean): void {
    if (durable === this.#isDurable) return;
    this.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
    this.#isDurable = durable;
  }
}

/**
 * FULL: a commit is on disk when it returns. Blobs are removed after the commit that forgets them; were that
 * one lost with the power and the removal not, metadata would name what is gone.
 */
function openReadWrite(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec('PRAGMA synchronous = FULL');
    // The first read: now SQLite opens the log beside the file, and fails where it may not.
    if (userVersionOf(database) === 0) enterWalMode(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite does not wait for a lock when it changes the mode, so two first openers could collide. */
function enterWalMode(database: DatabaseSync): void {
  for (let waitedMs = 0; ; waitedMs += BUSY_POLL_MS) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (sqliteCode(error) !== BUSY || waitedMs >= BUSY_TIMEOUT_MS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_POLL_MS);
    }
  }
}

/**
 * SQLite makes the log even for a reader. Where it cannot, and there is none, the file may be read as it
 * stands.
 */
function openImmutable(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  const database = new DatabaseSync(url, { readOnly: true });
  try {
    userVersionOf(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite opens a file that it may not write for reading, without a word. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw error;
  }
}

function userVersionOf(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA user_version').get()?.user_version;
}

function translating<T>(root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(error, root);
  }
}

function toStoreError(error: unknown, root: string): unknown {
  const cause = error;
  switch (sqliteCode(error)) {
    case BUSY:
      return new WherryError('CONFLICT', `store ${root}: another process holds the metadata`, {
        hint: 'try again when the other wherry is done',
        cause,
      });
    case READONLY:
    case CANTOPEN:
      return new WherryError('PERMISSION_DENIED', `store ${root}: permission denied`, {
        hint: 'check who owns the store, or choose another one with WHERRY_ROOT',
        cause,
      });
    case FULL:
      return new WherryError('NO_SPACE', `store ${root}: no space left on device`, { cause });
    case CORRUPT:
    case NOTADB:
      return new WherryError('CORRUPT', `store ${root}: metadata.db is damaged`, {
        hint: 'move metadata.db away; blobs stay, and images come back without a download when pulled',
        cause,
      });
    default:
      return error;
  }
}

function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as { errcode?: unknown }).errcode : undefined;
  if (typeof code !== 'number') return undefined;
  return code === NO_SHARED_SPACE ? FULL : code & 0xff;
}
