import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type { BuildCacheRecord, NewBuildCacheRecord } from './build-cache-store.ts';
import type { MetadataDatabase, Row } from './metadata-database.ts';

/** An instruction may be a whole file; a list shows its beginning. */
const MAX_DESCRIPTION = 500;
/** Keys that a prune removed, of which is known that they were here: the last so many. */
const MAX_REMOVED = 2000;
/** Nothing that a loss of power takes of this is missed for longer than one build. */
const EPHEMERAL = { durable: false };

/** The steps of builds that need not run again; what their lists of files say lies elsewhere. */
export class BuildCacheTable {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  find(key: string): BuildCacheRecord | undefined {
    const row = this.#database.get('SELECT * FROM build_cache WHERE key = ?', key);
    return row && toRecord(row);
  }

  list(): BuildCacheRecord[] {
    return this.#database
      .all('SELECT * FROM build_cache ORDER BY used_at, created_at, key')
      .map((row) => toRecord(row));
  }

  latest(slot: string, description: string, limit: number): BuildCacheRecord[] {
    const newest = (column: 'slot' | 'description', value: string) =>
      this.#database
        .all(
          `SELECT * FROM build_cache WHERE ${column} = ? ORDER BY created_at DESC, key LIMIT ?`,
          ...[value, limit],
        )
        .map((row) => toRecord(row));
    const found = [...newest('slot', slot), ...newest('description', shortened(description))];
    return [...new Map(found.map((record) => [record.key, record])).values()];
  }

  put(record: NewBuildCacheRecord): Digest | undefined {
    const { key, slot, parent, kind, layer, image, inputs } = record;
    const now = this.#clock.now().getTime();
    return this.#database.transaction(() => {
      const before = this.find(key);
      this.#database.run('DELETE FROM build_cache_removed WHERE key = ?', key);
      this.#database.run(
        'INSERT OR REPLACE INTO build_cache VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        ...[key, slot, parent ?? null, kind, shortened(record.description)],
        ...[layer?.digest ?? null, layer?.diffID ?? null, layer?.size ?? null, image ?? null],
        ...[now, now, (before?.useCount ?? 0) + 1, JSON.stringify(inputs)],
      );
      return before?.layer?.digest === layer?.digest ? undefined : before?.layer?.digest;
    }, EPHEMERAL);
  }

  touch(keys: readonly string[]): void {
    if (keys.length === 0 || this.#database.isReadOnly) return;
    const now = this.#clock.now().getTime();
    this.#database.transaction(() => {
      for (const key of keys)
        this.#database.run(
          'UPDATE build_cache SET used_at = ?, use_count = use_count + 1 WHERE key = ?',
          ...[now, key],
        );
    }, EPHEMERAL);
  }

  delete(keys: readonly string[], options: { readonly remember?: boolean } = {}): Digest[] {
    const now = this.#clock.now().getTime();
    return this.#database.transaction(() => {
      const layers = new Set<Digest>();
      for (const key of keys) {
        const record = this.find(key);
        if (record === undefined) continue;
        if (record.layer) layers.add(record.layer.digest);
        this.#database.run('DELETE FROM build_cache WHERE key = ?', key);
        if (options.remember)
          this.#database.run('INSERT OR REPLACE INTO build_cache_removed VALUES (?, ?)', key, now);
      }
      this.#database.run(
        `DELETE FROM build_cache_removed WHERE key NOT IN
           (SELECT key FROM build_cache_removed ORDER BY removed_at DESC, key LIMIT ?)`,
        MAX_REMOVED,
      );
      return [...layers];
    });
  }

  bytes(): number {
    const row = this.#database.get(
      'SELECT sum(size) AS bytes FROM (SELECT max(layer_size) AS size FROM build_cache GROUP BY layer_digest)',
    );
    return Number(row?.bytes ?? 0);
  }

  wasRemoved(key: string): boolean {
    return this.#database.get('SELECT 1 FROM build_cache_removed WHERE key = ?', key) !== undefined;
  }
}

function shortened(description: string): string {
  return description.slice(0, MAX_DESCRIPTION).toWellFormed();
}

function toRecord(row: Row): BuildCacheRecord {
  return {
    key: row.key as string,
    slot: row.slot as string,
    ...(row.parent !== null && { parent: row.parent as string }),
    kind: row.kind as BuildCacheRecord['kind'],
    description: row.description as string,
    inputs: JSON.parse(row.inputs as string) as BuildCacheRecord['inputs'],
    ...(row.layer_digest !== null && {
      layer: {
        diffID: row.layer_diff_id as Digest,
        digest: row.layer_digest as Digest,
        size: row.layer_size as number,
      },
    }),
    ...(row.image_id !== null && { image: row.image_id as Digest }),
    createdAt: new Date(row.created_at as number),
    lastUsedAt: new Date(row.used_at as number),
    useCount: row.use_count as number,
  };
}
