import type { Digest } from '../digest.ts';
import type { Reference } from '../reference.ts';
import type { MetadataDatabase, Row } from './metadata-database.ts';
import type { LayerRecord } from './metadata-store.ts';

/** What is known of layer blobs, and where blobs are known to be. */
export class LayerTable {
  readonly #database: MetadataDatabase;

  constructor(database: MetadataDatabase) {
    this.#database = database;
  }

  put(layer: LayerRecord): void {
    this.#database.transaction(() =>
      this.#database.run(
        'INSERT OR REPLACE INTO layers VALUES (?, ?, ?, ?, ?)',
        layer.digest,
        layer.diffID,
        layer.size,
        layer.tarSize,
        layer.contentSize,
      ),
    );
  }

  find(digest: Digest): LayerRecord | undefined {
    const row = this.#database.get('SELECT * FROM layers WHERE digest = ?', digest);
    return row && toLayerRecord(row);
  }

  byDiffID(diffID: Digest): LayerRecord[] {
    return this.#database
      .all('SELECT * FROM layers WHERE diff_id = ? ORDER BY digest', diffID)
      .map(toLayerRecord);
  }

  list(): LayerRecord[] {
    return this.#database.all('SELECT * FROM layers').map(toLayerRecord);
  }

  addLocation(digest: Digest, { domain, path }: Reference): void {
    const known = this.#database.get(
      'SELECT 1 FROM locations WHERE digest = ? AND domain = ? AND path = ?',
      digest,
      domain,
      path,
    );
    if (known !== undefined) return;
    // It can be found out again.
    const options = { durable: false };
    this.#database.transaction(
      () => this.#database.run('INSERT OR IGNORE INTO locations VALUES (?, ?, ?)', digest, domain, path),
      options,
    );
  }

  locations(digest: Digest): Reference[] {
    return this.#database
      .all('SELECT domain, path FROM locations WHERE digest = ?', digest)
      .map((row) => ({ domain: row.domain as string, path: row.path as string }));
  }

  removeLocation(digest: Digest, { domain, path }: Reference): void {
    this.#database.transaction(() =>
      this.#database.run(
        'DELETE FROM locations WHERE digest = ? AND domain = ? AND path = ?',
        digest,
        domain,
        path,
      ),
    );
  }

  /** Forgets the layer and its locations. */
  delete(digest: Digest): void {
    this.#database.run('DELETE FROM layers WHERE digest = ?', digest);
    this.#database.run('DELETE FROM locations WHERE digest = ?', digest);
  }
}

function toLayerRecord(row: Row): LayerRecord {
  return {
    digest: row.digest as Digest,
    diffID: row.diff_id as Digest,
    size: row.size as number,
    tarSize: row.tar_size as number,
    contentSize: row.content_size as number,
  };
}
