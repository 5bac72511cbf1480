import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type { MetadataDatabase } from './metadata-database.ts';

/** How long a blob that no manifest names yet counts: what comes later was not meant to be named. */
const NAMELESS_MS = 60 * 60 * 1000;
/** How long an upload counts that nobody goes on with. */
const UPLOAD_MS = 24 * 60 * 60 * 1000;

/** The repositories at and below `?1`: `0` is what follows `/`. */
const IS_BELOW = `(?1 = '' OR repository = ?1 OR (repository > ?1 || '/' AND repository < ?1 || '0'))`;

/** Bytes of a blob; `undefined`: it is not here. */
export type SizeOf = (digest: Digest) => number | undefined;

/** What is on its way into a repository: an open upload, or with `digest` a blob that no manifest names yet. */
export interface PendingBytes {
  readonly id: string;
  readonly repository: string;
  readonly digest?: Digest;
  readonly bytes: number;
}

/**
 * What the repositories below prefixes take: each distinct blob once. Sums are kept: what is pushed is added, and
 * all is added up anew only when somebody else pushed, or when a limit is met after something was deleted. To be
 * used within transactions.
 */
export class QuotaTable {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Never too little; `exact`: nor too much, after a delete. */
  sum(prefix: string, sizeOf: SizeOf, { exact = false }: { readonly exact?: boolean } = {}): number {
    const now = this.#changes();
    const row = this.#database.get('SELECT * FROM quota_sums WHERE prefix = ?', prefix);
    const isFresh = row?.added === now.added && (!exact || row.removed === now.removed);
    return isFresh ? (row.bytes as number) : this.#addUp(prefix, sizeOf, now);
  }

  /** What is on its way, without what is counted already and without `but`. */
  pending(prefix: string, but: ReadonlySet<string> = new Set()): number {
    const now = this.#clock.now().getTime();
    return this.#database
      .all(
        `SELECT id, digest, bytes FROM quota_pending
         WHERE ${IS_BELOW} AND noted_at > CASE WHEN digest IS NULL THEN ?2 ELSE ?3 END
           AND NOT EXISTS (SELECT 1 FROM quota_blobs WHERE prefix = ?1 AND quota_blobs.digest = quota_pending.digest)`,
        prefix,
        now - UPLOAD_MS,
        now - NAMELESS_MS,
      )
      .filter(({ id, digest }) => !but.has(id as string) && !but.has((digest as string | null) ?? ''))
      .reduce((sum, { bytes }) => sum + (bytes as number), 0);
  }

  /** Those of `digests` that do not count yet. */
  uncounted(prefix: string, digests: Iterable<Digest>): Digest[] {
    return [...digests].filter(
      (digest) =>
        this.#database.get('SELECT 1 FROM quota_blobs WHERE prefix = ? AND digest = ?', prefix, digest) ===
        undefined,
    );
  }

  /** Counts what a push brought. `before`: what `changes` said when the sums were fresh. */
  count(prefixes: readonly string[], digests: readonly Digest[], sizeOf: SizeOf, before: number): void {
    for (const prefix of prefixes) {
      let bytes = 0;
      for (const digest of this.uncounted(prefix, digests)) {
        const size = sizeOf(digest);
        if (size === undefined) continue;
        this.#database.run('INSERT INTO quota_blobs VALUES (?, ?, ?)', prefix, digest, size);
        bytes += size;
      }
      this.#database.run('UPDATE quota_sums SET bytes = bytes + ? WHERE prefix = ?', bytes, prefix);
    }
    // The push is in the sums that it matters to, and matters to no others.
    this.#database.run('UPDATE quota_sums SET added = ? WHERE added = ?', this.added(), before);
  }

  /** Grows with each manifest that comes to a repository. */
  added(): number {
    return this.#changes().added;
  }

  findPending(id: string): PendingBytes | undefined {
    const row = this.#database.get('SELECT * FROM quota_pending WHERE id = ?', id);
    if (row === undefined) return undefined;
    const { repository, digest, bytes } = row;
    return {
      id,
      repository: repository as string,
      bytes: bytes as number,
      ...(digest !== null && { digest: digest as Digest }),
    };
  }

  putPending({ id, repository, digest, bytes }: PendingBytes): void {
    const now = this.#clock.now().getTime();
    this.#database.run('DELETE FROM quota_pending WHERE noted_at <= ?', now - UPLOAD_MS);
    this.#database.run(
      'INSERT OR REPLACE INTO quota_pending VALUES (?, ?, ?, ?, ?)',
      ...[id, repository, digest ?? null, bytes, now],
    );
  }

  forgetPending(id: string): void {
    this.#database.run('DELETE FROM quota_pending WHERE id = ?', id);
  }

  /** Everything that is pushed to the repositories, and what documents lead to from there. */
  descendants(digests: Iterable<Digest>): Set<Digest> {
    const found = new Set(digests);
    for (const digest of found)
      for (const row of this.#database.all('SELECT child FROM edges WHERE parent = ?', digest))
        found.add(row.child as Digest);
    return found;
  }

  #addUp(prefix: string, sizeOf: SizeOf, now: { readonly added: number; readonly removed: number }): number {
    const rows = this.#database.all(
      `WITH RECURSIVE held (digest) AS (
         SELECT digest FROM registry_manifests WHERE ${IS_BELOW}
         UNION SELECT edges.child FROM held JOIN edges ON edges.parent = held.digest
       )
       SELECT held.digest AS digest, size FROM held
       LEFT JOIN quota_blobs ON quota_blobs.prefix = ?1 AND quota_blobs.digest = held.digest`,
      prefix,
    );
    this.#database.run('DELETE FROM quota_blobs WHERE prefix = ?', prefix);
    let bytes = 0;
    for (const row of rows) {
      const digest = row.digest as Digest;
      const size = (row.size as number | null) ?? sizeOf(digest);
      // A subject that never came, a layer that is elsewhere.
      if (size === undefined) continue;
      this.#database.run('INSERT INTO quota_blobs VALUES (?, ?, ?)', prefix, digest, size);
      bytes += size;
    }
    const values = [prefix, bytes, now.added, now.removed];
    this.#database.run('INSERT OR REPLACE INTO quota_sums VALUES (?, ?, ?, ?)', ...values);
    return bytes;
  }

  #changes(): { readonly added: number; readonly removed: number } {
    const row = this.#database.get('SELECT added, removed FROM registry_changes');
    return { added: row?.added as number, removed: row?.removed as number };
  }
}
