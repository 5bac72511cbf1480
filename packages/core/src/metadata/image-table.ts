import type { Digest } from '../digest.ts';
import type { Platform } from '../platform.ts';
import { descriptorValues, toDescriptor } from './descriptor-columns.ts';
import type { MetadataDatabase, Row } from './metadata-database.ts';
import type { ImageFacts, ImageLayer, ImageOutline } from './metadata-store.ts';

const OUTLINE_COLUMNS = 'id, manifest_digest, created, os, architecture, variant, os_version, size, parent';

/** The images, each under the digest of its config, and their layers. */
export class ImageTable {
  readonly #database: MetadataDatabase;

  constructor(database: MetadataDatabase) {
    this.#database = database;
  }

  find(id: Digest): ImageFacts | undefined {
    const row = this.#database.get('SELECT * FROM images WHERE id = ?', id);
    if (row === undefined) return undefined;
    return { ...toOutline(row), manifest: toDescriptor(row, 'manifest_'), layers: this.layersOf(id) };
  }

  list(): ImageFacts[] {
    const layers = new Map<Digest, ImageLayer[]>();
    const images = this.#database.all('SELECT * FROM images').map((row) => {
      const manifest = toDescriptor(row, 'manifest_');
      const image = { ...toOutline(row), manifest, layers: [] as ImageLayer[] };
      layers.set(image.id, image.layers);
      return image;
    });
    for (const row of this.#database.all('SELECT * FROM image_layers ORDER BY image_id, position'))
      layers.get(row.image_id as Digest)?.push(toLayer(row));
    return images;
  }

  listOutlines(): ImageOutline[] {
    return this.#database.all(`SELECT ${OUTLINE_COLUMNS} FROM images`).map(toOutline);
  }

  idsByPrefix(hex: string, limit: number): Digest[] {
    if (!/^[0-9a-f]{0,64}$/.test(hex)) return [];
    // "g" comes behind every hexadecimal digit, so the range is an index look-up.
    const rows = this.#database.all(
      'SELECT id FROM images WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
      `sha256:${hex}`,
      `sha256:${hex}g`,
      limit,
    );
    return rows.map((row) => row.id as Digest);
  }

  put(facts: ImageFacts): void {
    const { platform } = facts;
    this.#database.run('DELETE FROM image_layers WHERE image_id = ?', facts.id);
    this.#database.run(
      // A pull of an image that was built here must not forget what it was built from.
      `INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         manifest_digest = excluded.manifest_digest, manifest_media_type = excluded.manifest_media_type,
         manifest_size = excluded.manifest_size, manifest_extra = excluded.manifest_extra,
         created = excluded.created, os = excluded.os, architecture = excluded.architecture,
         variant = excluded.variant, os_version = excluded.os_version, size = excluded.size,
         parent = coalesce(excluded.parent, parent)`,
      facts.id,
      ...descriptorValues(facts.manifest),
      facts.created ?? null,
      platform.os,
      platform.architecture,
      platform.variant ?? null,
      platform.osVersion ?? null,
      facts.size,
      facts.parent ?? null,
    );
    for (const [position, layer] of facts.layers.entries())
      this.#database.run(
        'INSERT INTO image_layers VALUES (?, ?, ?, ?, ?, ?)',
        facts.id,
        position,
        layer.digest,
        layer.diffID,
        layer.chainID,
        layer.contentSize,
      );
  }

  /** Base first; also of an image that was removed and left containers. */
  layersOf(id: Digest): ImageLayer[] {
    return this.#database
      .all('SELECT * FROM image_layers WHERE image_id = ? ORDER BY position', id)
      .map(toLayer);
  }

  /** Removes the image, its names, its pin and its last use. Its layers stay its containers'. Tells whether there was one. */
  delete(id: Digest): boolean {
    this.#database.run('DELETE FROM uses WHERE image_id = ?', id);
    this.#database.run('DELETE FROM pins WHERE image_id = ?', id);
    this.#database.run('DELETE FROM names WHERE image_id = ?', id);
    this.#database.run(
      `DELETE FROM image_layers WHERE image_id = ?1
       AND NOT EXISTS (SELECT 1 FROM containers WHERE containers.image_id = ?1)`,
      id,
    );
    return this.#database.run('DELETE FROM images WHERE id = ?', id) > 0;
  }
}

/** What is made field by field: lists are long, and to spread what may be absent is slow. */
type Writable<T> = { -readonly [K in keyof T]: T[K] };

function toOutline(row: Row): ImageOutline {
  const outline: Writable<ImageOutline> = {
    id: row.id as Digest,
    manifest: { digest: row.manifest_digest as Digest },
    platform: toPlatform(row),
    size: row.size as number,
  };
  if (row.created !== null) outline.created = row.created as string;
  if (row.parent !== null) outline.parent = row.parent as Digest;
  return outline;
}

function toPlatform(row: Row): Platform {
  const platform: Writable<Platform> = { os: row.os as string, architecture: row.architecture as string };
  if (row.variant !== null) platform.variant = row.variant as string;
  if (row.os_version !== null) platform.osVersion = row.os_version as string;
  return platform;
}

function toLayer(row: Row): ImageLayer {
  return {
    digest: row.digest as Digest,
    diffID: row.diff_id as Digest,
    chainID: row.chain_id as Digest,
    contentSize: row.content_size as number,
  };
}
