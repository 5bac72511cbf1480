import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { MetadataDatabase } from './metadata-database.ts';

/** The images that the user wants kept. */
export class PinTable {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  list(): Digest[] {
    return this.#database
      .all('SELECT image_id FROM pins ORDER BY image_id')
      .map((row) => row.image_id as Digest);
  }

  /** Keeps the time of the first pin. Tells whether it is new. Throws `IMAGE_UNKNOWN`. */
  put(id: Digest): boolean {
    return this.#database.transaction(() => {
      // Another process may have removed the image since the caller looked it up.
      if (this.#database.get('SELECT 1 FROM images WHERE id = ?', id) === undefined)
        throw new WherryError('IMAGE_UNKNOWN', `No such image: ${id}`, { details: { id } });
      const now = this.#clock.now().getTime();
      return this.#database.run('INSERT OR IGNORE INTO pins VALUES (?, ?)', id, now) > 0;
    });
  }

  /** Tells whether there was one. */
  delete(id: Digest): boolean {
    return this.#database.transaction(
      () => this.#database.run('DELETE FROM pins WHERE image_id = ?', id) > 0,
    );
  }
}
