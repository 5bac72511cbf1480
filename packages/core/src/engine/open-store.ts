import { NodeHasher } from '../bytes/node-hasher.ts';
import { FsBlobStore } from '../content/fs-blob-store.ts';
import { isLayoutCurrent, type LayoutEntry, writeLayout } from '../content/oci-layout.ts';
import type { Digest, Hasher } from '../digest.ts';
import type { ImageFacts } from '../metadata/metadata-store.ts';
import { SqliteMetadataStore } from '../metadata/sqlite-metadata-store.ts';
import { familiarName, formatReference } from '../reference.ts';
import { type HashEngine, measureHashEngines } from './hash-engine.ts';
import type { Store } from './store.ts';
import { findStrayFiles, removeStrayFile } from './stray-files.ts';

const HASH_ENGINE = 'hash-engine';
/** Measuring takes as long as hashing this much with the slower engine. */
const WORTH_MEASURING_BYTES = 4 << 20;
const PUBLISHED_NAMES = 'index-names-version';

/**
 * Opens the store at `root`, which need not exist: it is made when something is first written. Throws
 * `SCHEMA_TOO_NEW`, `PERMISSION_DENIED`, `CORRUPT`.
 */
export function openStore(root: string): Store {
  const metadata = SqliteMetadataStore.open(root);
  const blobs = new FsBlobStore(root, { createHasher: () => new NodeHasher() });
  const entries = (): LayoutEntry[] =>
    metadata.listNames().map((name) => ({
      target: name.target,
      familiarName: familiarName(name.ref),
      fullName: formatReference(name.ref),
    }));
  const publishIndex = async () => {
    const version = metadata.namesVersion();
    await writeLayout(root, entries);
    metadata.setSetting(PUBLISHED_NAMES, String(version));
  };
  return {
    root,
    blobs,
    metadata,
    hashEngine: (bytes = Number.POSITIVE_INFINITY) => hashEngineOf(metadata, bytes),
    publishIndex,
    isIndexCurrent: async () => {
      // A process that died between the names and the index left word of it: that is no fault.
      if (metadata.getSetting(PUBLISHED_NAMES) !== String(metadata.namesVersion())) await publishIndex();
      return isLayoutCurrent(root, entries());
    },
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
