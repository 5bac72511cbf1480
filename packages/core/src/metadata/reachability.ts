import type { Digest } from '../digest.ts';
import type { MetadataDatabase } from './metadata-database.ts';

/**
 * Where the mark phase starts, and what a row there holds. `?1` is the time before which a touch no longer
 * counts. A config is held through its image; a layer blob also by the diffID of any image's layer, because
 * the image may rest on a blob that its manifest names otherwise.
 */
const ROOTS = [
  { table: 'names', column: 'target_digest' },
  { table: 'names', column: 'image_id' },
  { table: 'images', column: 'id' },
  { table: 'images', column: 'manifest_digest' },
  { table: 'image_layers', column: 'digest' },
  { table: 'containers', column: 'image_id' },
  { table: 'build_cache', column: 'layer_digest', where: 'layer_digest IS NOT NULL' },
  { table: 'registry_manifests', column: 'digest' },
  { table: 'registry_tags', column: 'digest' },
  { table: 'mirror_content', column: 'digest' },
  { table: 'lease_digests', column: 'digest' },
  { table: 'touched', column: 'digest', where: 'touched_at > ?1' },
] as const satisfies readonly Root[];

type Root = { readonly table: string; readonly column: string; readonly where?: string };

const reachableFrom = (roots: readonly Root[]) => `
  WITH RECURSIVE held (digest) AS (
    ${roots.map((root) => `SELECT ${root.column} FROM ${root.table}${whereOf(root)}`).join('\n    UNION ')}
    UNION SELECT edges.child FROM held JOIN edges ON edges.parent = held.digest
  )
  SELECT digest FROM held
  UNION SELECT layers.digest FROM layers
    WHERE EXISTS (SELECT 1 FROM image_layers WHERE image_layers.diff_id = layers.diff_id)`;

const REACHABLE = reachableFrom(ROOTS);

/** Whether a root leads to the digest `?2` itself, asked from below: cheap, however many images there are. */
const IS_LED_TO = `
  WITH RECURSIVE holders (digest) AS (
    SELECT ?2
    UNION SELECT edges.parent FROM holders JOIN edges ON edges.child = holders.digest
  )
  SELECT 1 FROM holders WHERE ${ROOTS.map(existsAt).join('\n    OR ')}`;

/** What `REACHABLE` tells, for one digest. */
const IS_HELD = `${IS_LED_TO}
  UNION ALL SELECT 1 FROM layers JOIN image_layers USING (diff_id) WHERE layers.digest = ?2
  LIMIT 1`;

/** Whether a row of one of these points to `?1`, or to an index that leads to it. */
const isHeldBy = (roots: readonly Root[]) => `
  WITH RECURSIVE holders (digest) AS (
    SELECT ?1
    UNION SELECT edges.parent FROM holders JOIN edges ON edges.child = holders.digest
  )
  SELECT 1 FROM holders WHERE ${roots.map(existsAt).join('\n    OR ')} LIMIT 1`;

const IS_NAMED = isHeldBy(ROOTS.filter(({ column }) => column === 'target_digest'));
const IS_CATALOGUED = isHeldBy(ROOTS.filter(({ table }) => table.startsWith('registry_')));

/** Everything that a root holds, directly or through documents. Dead leases are to be cleared first. */
export function reachableDigests(database: MetadataDatabase, touchedAfter: Date): Set<Digest> {
  const rows = database.all(REACHABLE, touchedAfter.getTime());
  return new Set(rows.map((row) => row.digest as Digest));
}

/** What image names and images hold, registry and leases aside. */
export function digestsOfImages(database: MetadataDatabase): Set<Digest> {
  const ofImages = ROOTS.filter(({ table }) => table === 'names' || table.startsWith('image'));
  const rows = database.all(reachableFrom(ofImages));
  return new Set(rows.map((row) => row.digest as Digest));
}

/** The digests in `roots` and everything that documents lead to from there. */
export function descendantsOf(database: MetadataDatabase, roots: Iterable<Digest>): Set<Digest> {
  const found = new Set(roots);
  for (const digest of found)
    for (const row of database.all('SELECT child FROM edges WHERE parent = ?', digest))
      found.add(row.child as Digest);
  return found;
}

/** Tells whether `reachableDigests` has `digest`. */
export function isReachable(database: MetadataDatabase, touchedAfter: Date, digest: Digest): boolean {
  return database.get(IS_HELD, touchedAfter.getTime(), digest) !== undefined;
}

/** Tells whether something holds `digest` for itself, not as one more form of a layer. */
export function isLedTo(database: MetadataDatabase, touchedAfter: Date, digest: Digest): boolean {
  return database.get(`${IS_LED_TO} LIMIT 1`, touchedAfter.getTime(), digest) !== undefined;
}

/** Tells whether an image name points to `digest`, or to an index that leads to it. */
export function isNamed(database: MetadataDatabase, digest: Digest): boolean {
  return database.get(IS_NAMED, digest) !== undefined;
}

/** Tells whether the registry service has `digest`, or an index that leads to it. */
export function isCatalogued(database: MetadataDatabase, digest: Digest): boolean {
  return database.get(IS_CATALOGUED, digest) !== undefined;
}

function whereOf(root: Root): string {
  return root.where !== undefined ? ` WHERE ${root.where}` : '';
}

function existsAt(root: Root): string {
  const condition = root.where !== undefined ? ` AND ${root.where}` : '';
  return `EXISTS (SELECT 1 FROM ${root.table} WHERE ${root.column} = holders.digest${condition})`;
}
