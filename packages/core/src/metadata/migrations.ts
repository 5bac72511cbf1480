import { WherryError } from '../errors.ts';
import type { MetadataDatabase } from './metadata-database.ts';
import { MIRROR_SCHEMA } from './mirror-schema.ts';
import { REGISTRY_BLOBS_SCHEMA } from './registry-blobs-schema.ts';

/**
 * What takes a store from one schema version to the next; the first makes an empty file version 1. One that
 * has been released is never changed.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE documents (
    digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL, extra TEXT
  ) WITHOUT ROWID;
  CREATE TABLE edges (parent TEXT NOT NULL, child TEXT NOT NULL, PRIMARY KEY (parent, child)) WITHOUT ROWID;
  CREATE INDEX edges_by_child ON edges (child);

  CREATE TABLE images (
    id TEXT PRIMARY KEY,
    manifest_digest TEXT NOT NULL, manifest_media_type TEXT NOT NULL, manifest_size INTEGER NOT NULL,
    manifest_extra TEXT,
    created TEXT, os TEXT NOT NULL, architecture TEXT NOT NULL, variant TEXT, os_version TEXT,
    size INTEGER NOT NULL, parent TEXT
  ) WITHOUT ROWID;
  CREATE INDEX images_by_manifest ON images (manifest_digest);
  CREATE TABLE image_layers (
    image_id TEXT NOT NULL, position INTEGER NOT NULL,
    digest TEXT NOT NULL, diff_id TEXT NOT NULL, chain_id TEXT NOT NULL, content_size INTEGER NOT NULL,
    PRIMARY KEY (image_id, position)
  ) WITHOUT ROWID;
  CREATE INDEX image_layers_by_digest ON image_layers (digest);
  CREATE INDEX image_layers_by_diff_id ON image_layers (diff_id);

  CREATE TABLE names (
    name TEXT PRIMARY KEY, domain TEXT NOT NULL, path TEXT NOT NULL, tag TEXT, digest TEXT,
    target_digest TEXT NOT NULL, target_media_type TEXT NOT NULL, target_size INTEGER NOT NULL,
    target_extra TEXT, image_id TEXT NOT NULL, tagged_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX names_by_repository ON names (path, domain);
  CREATE INDEX names_by_target ON names (target_digest);
  CREATE INDEX names_by_image ON names (image_id);

  CREATE TABLE layers (
    digest TEXT PRIMARY KEY, diff_id TEXT NOT NULL, size INTEGER NOT NULL, tar_size INTEGER NOT NULL,
    content_size INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX layers_by_diff_id ON layers (diff_id);
  CREATE TABLE locations (
    digest TEXT NOT NULL, domain TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (digest, domain, path)
  ) WITHOUT ROWID;

  CREATE TABLE leases (id TEXT PRIMARY KEY, purpose TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE lease_digests (
    digest TEXT NOT NULL, lease_id TEXT NOT NULL, PRIMARY KEY (digest, lease_id)
  ) WITHOUT ROWID;
  CREATE INDEX lease_digests_by_lease ON lease_digests (lease_id);
  CREATE TABLE touched (digest TEXT PRIMARY KEY, touched_at INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE registry_manifests (
    repository TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, digest)
  ) WITHOUT ROWID;
  CREATE INDEX registry_manifests_by_digest ON registry_manifests (digest);
  CREATE TABLE registry_tags (
    repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, tag)
  ) WITHOUT ROWID;
  CREATE INDEX registry_tags_by_digest ON registry_tags (digest);

  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  -- Counts the changes of names, in the transaction of each: who publishes them elsewhere can tell what is old.
  CREATE TABLE names_version (version INTEGER NOT NULL);
  INSERT INTO names_version VALUES (0);
  CREATE TRIGGER names_added AFTER INSERT ON names BEGIN UPDATE names_version SET version = version + 1; END;
  CREATE TRIGGER names_removed AFTER DELETE ON names BEGIN UPDATE names_version SET version = version + 1; END;
  `,
  `
  CREATE TABLE pins (image_id TEXT PRIMARY KEY, pinned_at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  `
  CREATE TABLE uses (image_id TEXT PRIMARY KEY, used_at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  `
  CREATE TABLE containers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image_id TEXT NOT NULL, created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL, record TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX containers_by_image ON containers (image_id);
  `,
  `
  CREATE TABLE build_cache (
    key TEXT PRIMARY KEY, slot TEXT NOT NULL, parent TEXT, kind TEXT NOT NULL, description TEXT NOT NULL,
    layer_digest TEXT, layer_diff_id TEXT, layer_size INTEGER, image_id TEXT,
    created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, use_count INTEGER NOT NULL, inputs TEXT NOT NULL
  );
  CREATE INDEX build_cache_by_slot ON build_cache (slot);
  CREATE INDEX build_cache_by_description ON build_cache (description);
  CREATE INDEX build_cache_by_layer ON build_cache (layer_digest);
  CREATE TABLE build_cache_removed (key TEXT PRIMARY KEY, removed_at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  REGISTRY_BLOBS_SCHEMA,
  MIRROR_SCHEMA,
];

/** The newest schema that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

export function schemaVersionOf(database: MetadataDatabase): number {
  return Number(database.get('PRAGMA user_version')?.user_version);
}

/**
 * Brings the schema up to `SCHEMA_VERSION`. Throws `SCHEMA_TOO_NEW` when it is past that, `PERMISSION_DENIED`
 * when the store may only be read and an older wherry wrote it.
 */
export function migrate(database: MetadataDatabase): void {
  const version = schemaVersionOf(database);
  refuseNewer(database.root, version);
  if (version === SCHEMA_VERSION) return;
  if (version > 0 && database.isReadOnly) throw cannotMigrate(database.root, version);
  database.transaction(() => {
    // Another process may have been faster.
    const first = schemaVersionOf(database);
    refuseNewer(database.root, first);
    for (const migration of MIGRATIONS.slice(first)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

function refuseNewer(root: string, version: number): void {
  if (version <= SCHEMA_VERSION) return;
  throw new WherryError(
    'SCHEMA_TOO_NEW',
    `the store at ${root} was written by a newer wherry (schema ${version}, this one reads up to ${SCHEMA_VERSION})`,
    { hint: 'update wherry, or choose another store with WHERRY_ROOT', details: { version, SCHEMA_VERSION } },
  );
}

function cannotMigrate(root: string, version: number): WherryError {
  return new WherryError(
    'PERMISSION_DENIED',
    `the store at ${root} was written by an older wherry (schema ${version}) and cannot be written from here`,
    {
      hint: 'run this wherry once as the owner of the store: wherry images',
      details: { version, SCHEMA_VERSION },
    },
  );
}
