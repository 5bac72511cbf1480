import type { Digest } from '../digest.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import type { Collector } from './sweep.ts';
import type { TrashTable } from './trash-table.ts';

/** A manifest in a repository of the registry service. */
export interface CatalogEntry {
  readonly repository: string;
  readonly digest: Digest;
}

/** One document of a repository that names another there: an index a manifest, a referrer its subject. */
export interface CatalogEdge {
  readonly repository: string;
  readonly parent: Digest;
  readonly child: Digest;
}

/** The manifests of the catalogue that have no tag, and their way out of it. */
export class UntaggedManifests {
  readonly #database: MetadataDatabase;
  readonly #collector: Collector;
  readonly #trash: TrashTable;

  constructor(database: MetadataDatabase, collector: Collector, trash: TrashTable) {
    this.#database = database;
    this.#collector = collector;
    this.#trash = trash;
  }

  /** The edges between manifests of the same repository. */
  edges(): CatalogEdge[] {
    return this.#database
      .all(
        `SELECT parents.repository AS repository, parent, child FROM edges
         JOIN registry_manifests AS parents ON parents.digest = parent
         JOIN registry_manifests AS children ON children.digest = child AND children.repository = parents.repository`,
      )
      .map((row) => ({
        repository: row.repository as string,
        parent: row.parent as Digest,
        child: row.child as Digest,
      }));
  }

  /** Tells whether somebody pushed or asked for a manifest within the grace period. */
  isFresh(digest: Digest): boolean {
    return this.#collector.isFresh(digest);
  }

  /**
   * Takes those of `doomed` out of the catalogue for which that is still right: they have no tag, nobody asked
   * for them lately, and what names them in their repository is doomed too. Returns them.
   */
  drop(doomed: readonly CatalogEntry[]): CatalogEntry[] {
    const keys = new Set(doomed.map(keyOf));
    return this.#database.transaction(() => {
      const dropped = doomed.filter((entry) => this.#isUnneeded(entry, keys));
      for (const { repository, digest } of dropped) this.#trash.putManifest(repository, digest);
      return dropped;
    });
  }

  #isUnneeded({ repository, digest }: CatalogEntry, doomed: ReadonlySet<string>): boolean {
    const isTagged = this.#database.get(
      'SELECT 1 FROM registry_tags WHERE digest = ? AND repository = ?',
      digest,
      repository,
    );
    if (isTagged !== undefined || this.#collector.isFresh(digest)) return false;
    return this.#database
      .all(
        `SELECT parent FROM edges JOIN registry_manifests ON digest = parent AND repository = ? WHERE child = ?`,
        repository,
        digest,
      )
      .every((row) => doomed.has(keyOf({ repository, digest: row.parent as Digest })));
  }
}

function keyOf({ repository, digest }: CatalogEntry): string {
  return `${repository}@${digest}`;
}
