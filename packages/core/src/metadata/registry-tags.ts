import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type { MetadataDatabase } from './metadata-database.ts';

/** A tag of the registry service's catalogue, and when it was last pushed. */
export interface CatalogTag {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly pushedAt: Date;
}

/** The tags of the registry service's catalogue, with their ages. */
export class RegistryTags {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** All of them, by repository and tag. */
  list(): CatalogTag[] {
    const now = this.#clock.now().getTime();
    return this.#database
      .all(
        `SELECT registry_tags.*, pushed_at FROM registry_tags
         LEFT JOIN registry_tag_times USING (repository, tag) ORDER BY repository, tag`,
      )
      .map((row) => ({
        repository: row.repository as string,
        tag: row.tag as string,
        digest: row.digest as Digest,
        pushedAt: new Date((row.pushed_at as number | null) ?? now),
      }));
  }

  /** Sets the time of a tag's push: for what was pushed elsewhere before. */
  setPushedAt(repository: string, tag: string, pushedAt: Date): void {
    this.#database.run(
      'UPDATE registry_tag_times SET pushed_at = ? WHERE repository = ? AND tag = ?',
      pushedAt.getTime(),
      repository,
      tag,
    );
  }

  /** Takes off those of `tags` that nobody has pushed again meanwhile. Returns them. */
  remove(tags: readonly CatalogTag[]): CatalogTag[] {
    return this.#database.transaction(() =>
      tags.filter(({ repository, tag, digest, pushedAt }) => {
        const row = this.#database.get(
          'SELECT pushed_at FROM registry_tag_times WHERE repository = ? AND tag = ?',
          repository,
          tag,
        );
        if (row !== undefined && row.pushed_at !== pushedAt.getTime()) return false;
        const sql = 'DELETE FROM registry_tags WHERE repository = ? AND tag = ? AND digest = ?';
        return this.#database.run(sql, repository, tag, digest) > 0;
      }),
    );
  }
}
