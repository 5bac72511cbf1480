import type { Digest } from '../digest.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import type { BlobLink } from './metadata-store.ts';

/** Which blobs the repositories of the registry service have. A link holds nothing from the sweep. */
export class BlobLinkTable {
  readonly #database: MetadataDatabase;

  constructor(database: MetadataDatabase) {
    this.#database = database;
  }

  find(repository: string, digest: Digest): BlobLink | undefined {
    const row = this.#database.get(
      'SELECT removed FROM registry_blobs WHERE digest = ? AND repository = ?',
      digest,
      repository,
    );
    if (row === undefined) return undefined;
    return row.removed === 0 ? 'linked' : 'removed';
  }

  /** A loss of power may undo it: then the client, who has not put its manifest yet, is told to push the blob again. */
  put(repository: string, digests: readonly Digest[]): void {
    const missing = digests.filter((digest) => this.find(repository, digest) !== 'linked');
    if (missing.length > 0) this.#set(repository, missing, 0, { durable: false });
  }

  remove(repository: string, digest: Digest): void {
    this.#set(repository, [digest], 1);
  }

  /** Repositories that have the digest, as a blob or as a manifest. */
  repositoriesOf(digest: Digest): string[] {
    return this.#database
      .all(
        `SELECT repository FROM registry_blobs WHERE digest = ?1 AND removed = 0
         UNION SELECT repository FROM registry_manifests WHERE digest = ?1`,
        digest,
      )
      .map((row) => row.repository as string);
  }

  /** Forgets every link of a blob that is gone. */
  delete(digest: Digest): void {
    this.#database.run('DELETE FROM registry_blobs WHERE digest = ?', digest);
  }

  #set(
    repository: string,
    digests: readonly Digest[],
    removed: 0 | 1,
    options: { readonly durable?: boolean } = {},
  ): void {
    this.#database.transaction(() => {
      for (const digest of digests)
        this.#database.run(
          'INSERT OR REPLACE INTO registry_blobs (digest, repository, removed) VALUES (?, ?, ?)',
          digest,
          repository,
          removed,
        );
    }, options);
  }
}
