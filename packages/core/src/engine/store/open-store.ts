import { NodeHasher } from '../../bytes/node-hasher.ts';
import { FsBlobStore } from '../../content/fs-blob-store.ts';
import { isLayoutCurrent, type LayoutEntry, writeLayout } from '../../content/oci-layout.ts';
import type { Digest, Hasher } from '../../digest.ts';
import { isWherryError } from '../../errors.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import { SqliteMetadataStore } from '../../metadata/sqlite-metadata-store.ts';
import { familiarName, formatReference } from '../../reference.ts';
import { type HashEngine, measureHashEngines } from './hash-engine.ts';
import type { Store } from './store.ts';
import { findStrayFiles, removeStrayFile } from './stray-files.ts';

const HASH_ENGINE = 'hash-engine';
/** Measuring takes as long as hashing this much with the slower engine. */
const WORTH_MEASURING_BYTES = 4 << 20;
const PUBLISHED_NAMES = 'index-names-version';
const LOST_NAMES = 'index-lost-names';

/**
 * Opens the store at `root`, which need not exist: it is made when something is first written. Throws
 * `SCHEMA_TOO_NEW`, `PERMISSION_DENIED`, `CORRUPT`.
 */
export function openStore(root: string): Store {
  const metadata = SqliteMetadataStore.open(root);
  const blobs = new FsBlobStore(root, { createHasher: () => new NodeHasher() });
  const entries = () => layoutEntries(metadata);
  const publishIndex = async () => {
    if (indexHistory() === 'unwritten') await keepLostNames(metadata, root);
    const version = metadata.namesVersion();
    await writeLayout(root, entries);
    metadata.setSetting(PUBLISHED_NAMES, String(version));
  };
  const indexHistory = () => {
    const published = metadata.getSetting(PUBLISHED_NAMES);
    if (published === undefined) return 'unwritten';
    return published === String(metadata.namesVersion()) ? 'written' : 'behind';
  };
  return {
    root,
    blobs,
    metadata,
    hashEngine: (bytes = Number.POSITIVE_INFINITY) => hashEngineOf(metadata, bytes),
    publishIndex,
    isIndexCurrent: async () => {
      // A process that died between the names and the index left word of it: that is no fault.
      if (indexHistory() !== 'written') await publishIndex();
      return isLayoutCurrent(root, entries());
    },
    indexHistory,
    lostNames: () => lostNames(metadata),
    forgetLostNames: () => metadata.setSetting(LOST_NAMES, '[]'),
    hashOf: (digest) => hashOf(blobs, digest),
    contentOf: (facts) => contentOf(metadata, facts),
    sweep: async (candidates) =>
      metadata.sweep((digest) => blobs.deleteSync(digest), candidates ?? (await allDigests(blobs))),
    drop: (digest) => {
      metadata.forgetBlob(digest);
      blobs.deleteSync(digest);
    },
    strayFiles: () => findStrayFiles(root),
    removeStrayFile: (path) => removeStrayFile(root, path),
    close: () => metadata.close(),
  };
}

/** What the index is to say: the names, and those that only an earlier index knew. */
function layoutEntries(metadata: SqliteMetadataStore): LayoutEntry[] {
  const named = metadata.listNames().map((name) => ({
    target: name.target,
    familiarName: familiarName(name.ref),
    fullName: formatReference(name.ref),
  }));
  const known = new Set(named.map((entry) => entry.fullName));
  return [...named, ...lostNames(metadata).filter((entry) => !known.has(entry.fullName))];
}

function lostNames(metadata: SqliteMetadataStore): LayoutEntry[] {
  return JSON.parse(metadata.getSetting(LOST_NAMES) ?? '[]') as LayoutEntry[];
}

/** Metadata that was lost begins anew with its first name: the others, in the old index, must outlive that. */
async function keepLostNames(metadata: SqliteMetadataStore, root: string): Promise<void> {
  if (metadata.getSetting(LOST_NAMES) !== undefined) return;
  const { readLayoutNames } = await import('./layout-names.ts');
  try {
    const known = new Set(layoutEntries(metadata).map((entry) => entry.fullName));
    const names = (await readLayoutNames(root)).filter((entry) => !known.has(entry.fullName));
    if (names.length > 0) metadata.setSetting(LOST_NAMES, JSON.stringify(names));
  } catch (error) {
    // An index that nobody can read has nothing to tell.
    if (!isWherryError(error, 'INVALID_DOCUMENT')) throw error;
  }
}

function hashEngineOf(metadata: SqliteMetadataStore, bytes: number): HashEngine {
  const known = metadata.getSetting(HASH_ENGINE);
  if (known === 'node' || known === 'wasm') return known;
  if (bytes < WORTH_MEASURING_BYTES) return 'node';
  const measured = measureHashEngines();
  metadata.setSetting(HASH_ENGINE, measured);
  return measured;
}

async function hashOf(blobs: FsBlobStore, digest: Digest): Promise<Digest> {
  const hasher: Hasher = new NodeHasher(digest.startsWith('sha512:') ? 'sha512' : 'sha256');
  for await (const chunk of blobs.read(digest)) hasher.update(chunk);
  return hasher.digest();
}

async function allDigests(blobs: FsBlobStore): Promise<Digest[]> {
  const found: Digest[] = [];
  for await (const { digest } of blobs.list()) found.push(digest);
  return found;
}

/** Everything that an image's names and manifest lead to, in each compression that is here. */
function contentOf(metadata: SqliteMetadataStore, facts: ImageFacts): Digest[] {
  const roots = [facts.manifest.digest, ...metadata.namesOf(facts.id).map((name) => name.target.digest)];
  const found = new Set<Digest>([facts.id, ...metadata.descendants(roots)]);
  for (const layer of facts.layers) {
    found.add(layer.digest);
    for (const record of metadata.layersByDiffID(layer.diffID)) found.add(record.digest);
  }
  return [...found];
}
