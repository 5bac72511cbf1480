import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { BlobLinkTable } from './blob-link-table.ts';
import type { CatalogObserver } from './catalog-observer.ts';
import { toDescriptor } from './descriptor-columns.ts';
import type { DocumentTable } from './document-table.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import type { CatalogManifest, DocumentRecord, ManifestRelations } from './metadata-store.ts';

/** The repositories of the registry service: manifests by digest, and tags. */
export class RegistryCatalog {
  readonly #database: MetadataDatabase;
  readonly #documents: DocumentTable;
  readonly #links: BlobLinkTable;
  #observers: readonly CatalogObserver[] = [];

  constructor(database: MetadataDatabase, documents: DocumentTable, links: BlobLinkTable) {
    this.#database = database;
    this.#documents = documents;
    this.#links = links;
  }

  /** From now on these hear of what happens to the catalogue, in this process. */
  observe(observers: readonly CatalogObserver[]): void {
    this.#observers = observers;
  }

  findTag(repository: string, tag: string): Descriptor | undefined {
    const row = this.#database.get(
      `SELECT documents.* FROM registry_tags JOIN documents USING (digest) WHERE repository = ? AND tag = ?`,
      repository,
      tag,
    );
    return row && toDescriptor(row, '');
  }

  findManifest(repository: string, digest: Digest): Descriptor | undefined {
    const row = this.#database.get(
      `SELECT documents.* FROM registry_manifests JOIN documents USING (digest)
       WHERE repository = ? AND digest = ?`,
      repository,
      digest,
    );
    return row && toDescriptor(row, '');
  }

  listTags(
    repository: string,
    { last = '', limit = -1 }: { readonly last?: string; readonly limit?: number } = {},
  ): string[] | undefined {
    const known = this.#database.get('SELECT 1 FROM registry_manifests WHERE repository = ?', repository);
    if (known === undefined) return undefined;
    return this.#database
      .all(
        'SELECT tag FROM registry_tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?',
        repository,
        last,
        limit,
      )
      .map((row) => row.tag as string);
  }

  listRepositories({
    last = '',
    limit = -1,
  }: {
    readonly last?: string;
    readonly limit?: number;
  } = {}): string[] {
    return this.#database
      .all(
        'SELECT DISTINCT repository FROM registry_manifests WHERE repository > ? ORDER BY repository LIMIT ?',
        last,
        limit,
      )
      .map((row) => row.repository as string);
  }

  searchRepositories(
    text: string,
    { last = '', limit = -1 }: { readonly last?: string; readonly limit?: number } = {},
  ): string[] {
    return this.#database
      .all(
        `SELECT DISTINCT repository FROM registry_manifests
         WHERE repository > ? AND instr(repository, ?) > 0 ORDER BY repository LIMIT ?`,
        last,
        text,
        limit,
      )
      .map((row) => row.repository as string);
  }

  putManifest(
    repository: string,
    document: DocumentRecord,
    tags: readonly string[],
    { blobs = [], subject }: ManifestRelations = {},
  ): void {
    const { digest } = document.descriptor;
    this.#database.transaction(() => {
      for (const observer of this.#observers) observer.admit?.(repository, document);
      this.#documents.put(document);
      this.#database.run('INSERT OR IGNORE INTO registry_manifests VALUES (?, ?)', repository, digest);
      for (const tag of tags)
        this.#database.run('INSERT OR REPLACE INTO registry_tags VALUES (?, ?, ?)', repository, tag, digest);
      this.#links.put(repository, blobs);
      if (subject !== undefined)
        this.#database.run('INSERT OR IGNORE INTO registry_subjects VALUES (?, ?)', subject, digest);
      for (const observer of this.#observers) observer.pushed?.(repository, document, tags);
    });
  }

  deleteTag(repository: string, tag: string): boolean {
    return this.#database.transaction(() => {
      const sql = 'DELETE FROM registry_tags WHERE repository = ? AND tag = ?';
      if (this.#database.run(sql, repository, tag) === 0) return false;
      for (const observer of this.#observers) observer.deleted?.(repository, { tag });
      return true;
    });
  }

  deleteManifest(repository: string, digest: Digest): boolean {
    return this.#database.transaction(() => {
      this.#database.run('DELETE FROM registry_tags WHERE repository = ? AND digest = ?', repository, digest);
      const sql = 'DELETE FROM registry_manifests WHERE repository = ? AND digest = ?';
      if (this.#database.run(sql, repository, digest) === 0) return false;
      for (const observer of this.#observers) observer.deleted?.(repository, { digest });
      return true;
    });
  }

  manifestsNaming(repository: string, digest: Digest): Descriptor[] {
    return this.#database
      .all(
        `SELECT documents.* FROM (
           SELECT digest FROM registry_subjects WHERE subject = ?1
           UNION SELECT parent FROM edges WHERE child = ?1
         ) JOIN registry_manifests USING (digest) JOIN documents USING (digest)
         WHERE repository = ?2 ORDER BY digest`,
        digest,
        repository,
      )
      .map((row) => toDescriptor(row, ''));
  }

  list(): CatalogManifest[] {
    const tags = new Map<string, string[]>();
    for (const row of this.#database.all('SELECT repository, digest, tag FROM registry_tags ORDER BY tag')) {
      const key = `${row.repository}@${row.digest}`;
      const found = tags.get(key);
      if (found === undefined) tags.set(key, [row.tag as string]);
      else found.push(row.tag as string);
    }
    return this.#database
      .all(
        `SELECT repository, digest, media_type FROM registry_manifests LEFT JOIN documents USING (digest)
         ORDER BY repository, digest`,
      )
      .map(({ repository, digest, media_type: mediaType }) => ({
        repository: repository as string,
        digest: digest as Digest,
        ...(mediaType !== null && { mediaType: mediaType as string }),
        tags: tags.get(`${repository}@${digest}`) ?? [],
      }));
  }

  forgetManifest(repository: string, digest: Digest, isLost: () => boolean): boolean {
    return this.#database.transaction(() => {
      if (!isLost()) return false;
      for (const table of ['registry_tags', 'registry_manifests'])
        this.#database.run(`DELETE FROM ${table} WHERE repository = ? AND digest = ?`, repository, digest);
      return true;
    });
  }
}
