import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { MetadataDatabase, Row } from './metadata-database.ts';
import type { StoredContainer } from './metadata-store.ts';

const ID = /^[0-9a-f]{1,64}$/;

/** The containers: what is looked for in columns, the rest of each as one JSON text. */
export class ContainerTable {
  readonly #database: MetadataDatabase;

  constructor(database: MetadataDatabase) {
    this.#database = database;
  }

  put(container: Omit<StoredContainer, 'revision'>, options: { readonly durable?: boolean } = {}): void {
    const { id, name, imageId, createdAt, record } = container;
    this.#database.transaction(() => {
      this.#requireFreeName(name, id);
      this.#requireImage(imageId);
      this.#database.run(
        'INSERT INTO containers VALUES (?, ?, ?, ?, 0, ?)',
        ...[id, name, imageId, createdAt.getTime(), JSON.stringify(record)],
      );
    }, options);
  }

  /** The whole ID, then a name, then the beginning of an ID. Throws `AMBIGUOUS_ID`. */
  find(idOrName: string): StoredContainer | undefined {
    const name = idOrName.replace(/^\//, '');
    const row =
      this.#database.get('SELECT * FROM containers WHERE id = ?', idOrName) ??
      this.#database.get('SELECT * FROM containers WHERE name = ?', name);
    if (row !== undefined) return toContainer(row);
    if (!ID.test(idOrName)) return undefined;
    const rows = this.#database.all(
      'SELECT * FROM containers WHERE id >= ? AND id < ? LIMIT 2',
      ...[idOrName, `${idOrName}g`],
    );
    if (rows.length > 1)
      throw new WherryError('AMBIGUOUS_ID', `multiple IDs found with provided prefix: ${idOrName}`, {
        details: { prefix: idOrName },
      });
    return rows.map(toContainer)[0];
  }

  list(): StoredContainer[] {
    return this.#database
      .all('SELECT * FROM containers ORDER BY created_at DESC, id')
      .map((row) => toContainer(row));
  }

  /** Tells whether `container.revision` was still the stored one. */
  replace(
    { id, name, imageId, revision, record }: StoredContainer,
    options: { readonly durable?: boolean } = {},
  ): boolean {
    return this.#database.transaction(() => {
      this.#requireFreeName(name, id);
      const changed = this.#database.run(
        `UPDATE containers SET name = ?, image_id = ?, record = ?, revision = revision + 1
         WHERE id = ? AND revision = ?`,
        ...[name, imageId, JSON.stringify(record), id, revision],
      );
      return changed > 0;
    }, options);
  }

  delete(id: string): boolean {
    return this.#database.transaction(() => {
      const deleted = this.#database.run('DELETE FROM containers WHERE id = ?', id) > 0;
      // Layers that were its own alone since its image was removed.
      if (deleted)
        this.#database.run(
          `DELETE FROM image_layers WHERE image_id NOT IN (SELECT id FROM images)
           AND image_id NOT IN (SELECT image_id FROM containers)`,
        );
      return deleted;
    });
  }

  images(): Digest[] {
    return this.#database
      .all('SELECT DISTINCT image_id FROM containers ORDER BY image_id')
      .map((row) => row.image_id as Digest);
  }

  #requireFreeName(name: string, id: string): void {
    const holder = this.#database.get('SELECT id FROM containers WHERE name = ? AND id <> ?', name, id)?.id;
    if (holder === undefined) return;
    throw new WherryError(
      'CONFLICT',
      `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
      { details: { name, holder } },
    );
  }

  /** Another process may have removed the image since the caller looked it up. */
  #requireImage(id: Digest): void {
    if (this.#database.get('SELECT 1 FROM images WHERE id = ?', id) === undefined)
      throw new WherryError('IMAGE_UNKNOWN', `No such image: ${id}`, { details: { id } });
  }
}

function toContainer(row: Row): StoredContainer {
  return {
    id: row.id as string,
    name: row.name as string,
    imageId: row.image_id as Digest,
    createdAt: new Date(row.created_at as number),
    revision: row.revision as number,
    record: JSON.parse(row.record as string) as StoredContainer['record'],
  };
}
