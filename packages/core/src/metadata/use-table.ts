import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type { MetadataDatabase } from './metadata-database.ts';

/** A use is not written down again before this: a loop that pulls costs no write each time. */
const USE_INTERVAL_MS = 60 * 1000;

/** When images were last used. */
export class UseTable {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Notes that images are used now; those that are not here, and a store that cannot be written, are left alone. */
  note(ids: readonly Digest[]): void {
    const now = this.#clock.now().getTime();
    const due = ids.filter((id) => Math.abs(now - (this.#lastUse(id) ?? 0)) >= USE_INTERVAL_MS);
    if (due.length === 0 || this.#database.isReadOnly) return;
    // A use that is lost with the power makes an image look less used by that one.
    const options = { durable: false };
    this.#database.transaction(() => {
      for (const id of due)
        this.#database.run('INSERT OR REPLACE INTO uses SELECT id, ? FROM images WHERE id = ?', now, id);
    }, options);
  }

  list(): Map<Digest, Date> {
    const rows = this.#database.all('SELECT image_id, used_at FROM uses');
    return new Map(rows.map((row) => [row.image_id as Digest, new Date(row.used_at as number)]));
  }

  #lastUse(id: Digest): number | undefined {
    return this.#database.get('SELECT used_at FROM uses WHERE image_id = ?', id)?.used_at as
      | number
      | undefined;
  }
}
