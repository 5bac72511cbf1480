import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { descriptorValues, toDescriptor } from './descriptor-columns.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import type { DocumentRecord } from './metadata-store.ts';

/** Indexes and manifests, and the edges from each to what it names. A digest's content never changes. */
export class DocumentTable {
  readonly #database: MetadataDatabase;

  constructor(database: MetadataDatabase) {
    this.#database = database;
  }

  put(document: DocumentRecord): void {
    const { descriptor, children } = document;
    this.#database.run(
      'INSERT OR IGNORE INTO documents VALUES (?, ?, ?, ?)',
      ...descriptorValues(descriptor),
    );
    for (const child of children)
      this.#database.run('INSERT OR IGNORE INTO edges VALUES (?, ?)', descriptor.digest, child);
  }

  find(digest: Digest): Descriptor | undefined {
    const row = this.#database.get('SELECT * FROM documents WHERE digest = ?', digest);
    return row && toDescriptor(row, '');
  }

  /** What a document names that is a document too. */
  childDocuments(digest: Digest): Digest[] {
    return this.#database
      .all('SELECT child FROM edges JOIN documents ON digest = child WHERE parent = ?', digest)
      .map((row) => row.child as Digest);
  }

  /** The documents that name `child`. */
  parents(child: Digest): Digest[] {
    return this.#database
      .all('SELECT parent FROM edges WHERE child = ?', child)
      .map((row) => row.parent as Digest);
  }

  /** Forgets one edge. */
  cut(parent: Digest, child: Digest): void {
    this.#database.run('DELETE FROM edges WHERE parent = ? AND child = ?', parent, child);
  }

  list(): DocumentRecord[] {
    const children = new Map<Digest, Digest[]>();
    for (const row of this.#database.all('SELECT parent, child FROM edges')) {
      const parent = row.parent as Digest;
      const found = children.get(parent);
      if (found === undefined) children.set(parent, [row.child as Digest]);
      else found.push(row.child as Digest);
    }
    return this.#database.all('SELECT * FROM documents').map((row) => {
      const descriptor = toDescriptor(row, '');
      return { descriptor, children: children.get(descriptor.digest) ?? [] };
    });
  }

  delete(digest: Digest): void {
    this.#database.run('DELETE FROM documents WHERE digest = ?', digest);
    this.#database.run('DELETE FROM edges WHERE parent = ?', digest);
  }
}
