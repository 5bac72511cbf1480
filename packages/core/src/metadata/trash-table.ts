import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type { Reference } from '../reference.ts';
import type { BlobLinkTable } from './blob-link-table.ts';
import { toDescriptor } from './descriptor-columns.ts';
import type { DocumentTable } from './document-table.ts';
import type { LayerTable } from './layer-table.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import type { DocumentRecord, LayerRecord } from './metadata-store.ts';

/** A blob that was collected and can still be brought back. */
export interface TrashedBlob {
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  readonly trashedAt: Date;
}

/** What was known of a blob, to be known again when it is brought back. */
interface BlobRecords {
  readonly document?: DocumentRecord;
  readonly layer?: LayerRecord;
  readonly locations?: readonly Reference[];
  readonly links?: ReturnType<BlobLinkTable['linksOf']>;
}

/** What was collected: blobs with their records, and the repositories that manifests were in. */
export class TrashTable {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;
  readonly #documents: DocumentTable;
  readonly #layers: LayerTable;
  readonly #links: BlobLinkTable;

  constructor(
    database: MetadataDatabase,
    clock: Clock,
    tables: {
      readonly documents: DocumentTable;
      readonly layers: LayerTable;
      readonly links: BlobLinkTable;
    },
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#documents = tables.documents;
    this.#layers = tables.layers;
    this.#links = tables.links;
  }

  /** Notes that a blob is about to be moved, with its records. To be called before they are forgotten. */
  put(digest: Digest, size: number): void {
    const records = this.#recordsOf(digest);
    const now = this.#clock.now().getTime();
    // One that comes again without records, because nobody asked for them when it was brought back, has them here.
    if (Object.keys(records).length === 0 && this.has(digest))
      this.#database.run('UPDATE trash SET trashed_at = ? WHERE digest = ?', now, digest);
    else
      this.#database.run(
        'INSERT OR REPLACE INTO trash VALUES (?, ?, ?, ?)',
        ...[digest, size, now, JSON.stringify(records)],
      );
  }

  has(digest: Digest): boolean {
    return this.#database.get('SELECT 1 FROM trash WHERE digest = ?', digest) !== undefined;
  }

  /** Those that were put there at `until` or before; absent: all. Oldest first. */
  list(until?: Date): TrashedBlob[] {
    return this.#database
      .all(
        'SELECT digest, size, trashed_at FROM trash WHERE trashed_at <= ? ORDER BY trashed_at, digest',
        until?.getTime() ?? Number.MAX_SAFE_INTEGER,
      )
      .map((row) => ({
        digest: row.digest as Digest,
        size: row.size as number,
        trashedAt: new Date(row.trashed_at as number),
      }));
  }

  /** Makes the records of a blob that is back good again, if `isHere` says so within the transaction. */
  restore(digest: Digest, isHere: () => { readonly blob: boolean; readonly toc: boolean }): boolean {
    if (!this.has(digest)) return false;
    return this.#database.transaction(() => {
      const row = this.#database.get('SELECT records FROM trash WHERE digest = ?', digest);
      if (row === undefined) return false;
      const here = isHere();
      if (!here.blob) return false;
      const {
        document,
        layer,
        locations = [],
        links = [],
      } = JSON.parse(row.records as string) as BlobRecords;
      if (document) this.#documents.put(document);
      // Whoever finds a layer's record relies on its table of contents.
      if (layer && here.toc) this.#layers.put(layer);
      for (const location of locations) this.#layers.addLocation(digest, location);
      for (const { repository, link } of links)
        if (link === 'linked') this.#links.put(repository, [digest]);
        else if (this.#links.find(repository, digest) === undefined) this.#links.remove(repository, digest);
      this.forget(digest);
      return true;
    });
  }

  forget(digest: Digest): void {
    this.#database.run('DELETE FROM trash WHERE digest = ?', digest);
  }

  /** Takes a manifest out of a repository, such that `restoreManifest` can put it back. */
  putManifest(repository: string, digest: Digest): void {
    this.#database.transaction(() => {
      this.#database.run(
        'INSERT OR REPLACE INTO trash_manifests VALUES (?, ?, ?)',
        ...[repository, digest, this.#clock.now().getTime()],
      );
      this.#database.run(
        'DELETE FROM registry_manifests WHERE repository = ? AND digest = ?',
        repository,
        digest,
      );
    });
  }

  hasManifest(repository: string, digest: Digest): boolean {
    const row = this.#database.get(
      'SELECT 1 FROM trash_manifests WHERE repository = ? AND digest = ?',
      repository,
      digest,
    );
    return row !== undefined;
  }

  /** Puts a manifest back into its repository, if it was taken out and its record is here. */
  restoreManifest(repository: string, digest: Digest): boolean {
    return this.#database.transaction(() => {
      const isKnown = this.#database.get('SELECT 1 FROM documents WHERE digest = ?', digest) !== undefined;
      if (!isKnown || !this.hasManifest(repository, digest)) return false;
      this.#database.run('INSERT OR IGNORE INTO registry_manifests VALUES (?, ?)', repository, digest);
      return true;
    });
  }

  /** Forgets where manifests were that went at `until` or before. */
  forgetManifestsUntil(until: Date): void {
    this.#database.run('DELETE FROM trash_manifests WHERE trashed_at <= ?', until.getTime());
  }

  #recordsOf(digest: Digest): BlobRecords {
    const row = this.#database.get('SELECT * FROM documents WHERE digest = ?', digest);
    const children = this.#database.all('SELECT child FROM edges WHERE parent = ?', digest);
    const layer = this.#layers.find(digest);
    const locations = this.#layers.locations(digest);
    const links = this.#links.linksOf(digest);
    return {
      ...(row && {
        document: {
          descriptor: toDescriptor(row, ''),
          children: children.map(({ child }) => child as Digest),
        },
      }),
      ...(layer && { layer }),
      ...(locations.length > 0 && { locations }),
      ...(links.length > 0 && { links }),
    };
  }
}
