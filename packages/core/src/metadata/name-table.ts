import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { Reference } from '../reference.ts';
import { familiarName, formatReference } from '../reference.ts';
import { descriptorValues, toDescriptor } from './descriptor-columns.ts';
import type { MetadataDatabase, Row } from './metadata-database.ts';
import type { BareName, ImageName } from './metadata-store.ts';

/** The names of images: tags, and repositories at digests, each unique in full. */
export class NameTable {
  readonly #database: MetadataDatabase;

  constructor(database: MetadataDatabase) {
    this.#database = database;
  }

  find(ref: Reference): ImageName | undefined {
    const row = this.#database.get('SELECT * FROM names WHERE name = ?', nameOf(ref));
    return row && toImageName(row);
  }

  list(repository: Reference | undefined): ImageName[] {
    const rows =
      repository === undefined
        ? this.#database.all('SELECT * FROM names ORDER BY name')
        : this.#database.all(
            'SELECT * FROM names WHERE path = ? AND domain = ? ORDER BY name',
            repository.path,
            repository.domain,
          );
    return rows.map(toImageName);
  }

  listBare(): BareName[] {
    return this.#database
      .all('SELECT domain, path, tag, digest, image_id FROM names ORDER BY name')
      .map((row) => ({ ref: toReference(row), imageId: row.image_id as Digest }));
  }

  listOfImage(imageId: Digest): ImageName[] {
    return this.#database
      .all('SELECT * FROM names WHERE image_id = ? ORDER BY name', imageId)
      .map(toImageName);
  }

  put(name: ImageName, guard?: { readonly replaces: Digest | null }): void {
    this.#database.transaction(() => {
      if (guard !== undefined) this.#verifyGuard(name.ref, guard.replaces);
      this.#requireImage(name.imageId);
      const { ref } = name;
      this.#database.run(
        'INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        nameOf(ref),
        ref.domain,
        ref.path,
        ref.tag ?? null,
        ref.digest ?? null,
        ...descriptorValues(name.target),
        name.imageId,
        name.taggedAt.getTime(),
      );
    });
  }

  delete(ref: Reference): boolean {
    const name = nameOf(ref);
    return this.#database.transaction(() => this.#database.run('DELETE FROM names WHERE name = ?', name) > 0);
  }

  /** Grows with every change of any name. */
  version(): number {
    return Number(this.#database.get('SELECT version FROM names_version')?.version);
  }

  #verifyGuard(ref: Reference, replaces: Digest | null): void {
    const current = this.find(ref)?.target.digest ?? null;
    if (current === replaces) return;
    throw new WherryError(
      'CONFLICT',
      `${familiarName(ref)}: names ${current ?? 'nothing'} now, expected ${replaces ?? 'nothing'}`,
      { hint: 'another process changed the name; try again', details: { current, expected: replaces } },
    );
  }

  /** Another process may have removed the image since the caller looked it up. */
  #requireImage(id: Digest): void {
    if (this.#database.get('SELECT 1 FROM images WHERE id = ?', id) === undefined)
      throw new WherryError('IMAGE_UNKNOWN', `No such image: ${id}`, { details: { id } });
  }
}

function nameOf(ref: Reference): string {
  if ((ref.tag === undefined) === (ref.digest === undefined))
    throw new WherryError(
      'INVALID_ARGUMENT',
      `name ${formatReference(ref)}: needs a tag or a digest, and not both`,
    );
  return formatReference(ref);
}

function toImageName(row: Row): ImageName {
  return {
    ref: toReference(row),
    target: toDescriptor(row, 'target_'),
    imageId: row.image_id as Digest,
    taggedAt: new Date(row.tagged_at as number),
  };
}

function toReference(row: Row): Reference {
  const [domain, path, tag] = [row.domain as string, row.path as string, row.tag as string | null];
  return tag === null ? { domain, path, digest: row.digest as Digest } : { domain, path, tag };
}
