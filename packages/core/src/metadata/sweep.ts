import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type { BlobLinkTable } from './blob-link-table.ts';
import type { DocumentTable } from './document-table.ts';
import type { LayerTable } from './layer-table.ts';
import type { LeaseTable } from './lease-table.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import { isLedTo, isReachable, reachableDigests } from './reachability.ts';

/** How long a touch keeps content. */
export const GRACE_MS = 60 * 60 * 1000;

/** A touch is not written down again before this: a client that asks often costs no write each time. */
const TOUCH_INTERVAL_MS = 60 * 1000;

/** Blobs without records, about to be removed. */
interface Condemned {
  readonly digests: readonly Digest[];
  /** What `MetadataDatabase.foreignChanges` said when nothing held them. */
  readonly changes: number;
}

/** Mark and sweep over what the tables name. */
export class Collector {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;
  readonly #leases: LeaseTable;
  readonly #documents: DocumentTable;
  readonly #layers: LayerTable;
  readonly #links: BlobLinkTable;

  constructor(
    database: MetadataDatabase,
    clock: Clock,
    tables: {
      readonly leases: LeaseTable;
      readonly documents: DocumentTable;
      readonly layers: LayerTable;
      readonly links: BlobLinkTable;
    },
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#leases = tables.leases;
    this.#documents = tables.documents;
    this.#layers = tables.layers;
    this.#links = tables.links;
  }

  touch(digests: readonly Digest[]): void {
    const now = this.#clock.now().getTime();
    const due = digests.filter((digest) => {
      const last = this.#database.get('SELECT touched_at FROM touched WHERE digest = ?', digest);
      return last === undefined || Math.abs(now - (last.touched_at as number)) >= TOUCH_INTERVAL_MS;
    });
    if (due.length === 0) return;
    this.#database.transaction(
      () => {
        for (const digest of due)
          this.#database.run('INSERT OR REPLACE INTO touched VALUES (?, ?)', digest, now);
      },
      { durable: false },
    );
  }

  reachable(): Set<Digest> {
    const mark = () => reachableDigests(this.#database, this.#graceBegin());
    if (this.#database.isReadOnly) return mark();
    return this.#database.transaction(() => {
      this.#leases.clearDead();
      return mark();
    });
  }

  /**
   * Two transactions, because a process may be killed at any point. The first forgets what nothing holds and
   * is on disk when it ends; the second removes the blobs.
   */
  sweep(remove: (digest: Digest) => boolean, candidates: Iterable<Digest>): Digest[] {
    return this.removeCondemned(this.condemn(candidates), remove);
  }

  /** The first half of a sweep: forgets the records of what nothing holds. */
  condemn(candidates: Iterable<Digest>): Condemned {
    const distinct = new Set(candidates);
    return this.#database.transaction(() => {
      this.#leases.clearDead();
      this.#database.run('DELETE FROM touched WHERE touched_at <= ?', this.#graceBegin().getTime());
      const digests = [...distinct].filter((digest) => !this.#isHeld(digest));
      for (const digest of digests) this.forget(digest);
      return { digests, changes: this.#database.foreignChanges() };
    });
  }

  /**
   * The second half: removes the blobs. What somebody came to hold in between is spared; it has lost its
   * records, as a blob has whose writer was killed before it wrote them.
   */
  removeCondemned({ digests, changes }: Condemned, remove: (digest: Digest) => boolean): Digest[] {
    if (digests.length === 0) return [];
    return this.#database.transaction(() => {
      const isUnchanged = this.#database.foreignChanges() === changes;
      return digests.filter((digest) => (isUnchanged || !this.#isHeld(digest)) && remove(digest));
    });
  }

  /** What `condemn` would choose of `candidates`, of which it forgets nothing. */
  unheld(candidates: Iterable<Digest>): Digest[] {
    const distinct = new Set(candidates);
    return this.#database.transaction(() => {
      this.#leases.clearDead();
      return [...distinct].filter((digest) => !this.#isHeld(digest));
    });
  }

  /** Those of `candidates` that are held, if at all, as one more form of a layer alone. */
  replaceable(candidates: Iterable<Digest>): Digest[] {
    const distinct = new Set(candidates);
    return this.#database.transaction(() => {
      this.#leases.clearDead();
      return [...distinct].filter((digest) => !isLedTo(this.#database, this.#graceBegin(), digest));
    });
  }

  /** Removes every record of a blob. */
  forget(digest: Digest): void {
    this.#layers.delete(digest);
    this.#documents.delete(digest);
    this.#links.delete(digest);
  }

  /** Forgets those documents under `roots`, themselves included, that nothing holds. */
  forgetDocuments(roots: Iterable<Digest>): void {
    const seen = new Set(roots);
    for (const digest of seen) {
      for (const child of this.#documents.childDocuments(digest)) seen.add(child);
      if (!this.#isHeld(digest)) this.#documents.delete(digest);
    }
  }

  #isHeld(digest: Digest): boolean {
    return isReachable(this.#database, this.#graceBegin(), digest);
  }

  #graceBegin(): Date {
    return new Date(this.#clock.now().getTime() - GRACE_MS);
  }
}
