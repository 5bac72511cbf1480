import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayoutEntry } from '../content/oci-layout.ts';
import { tocPath } from '../content/store-paths.ts';
import { newTemporaryFile, publishToc } from '../content/toc-files.ts';
import type { Digest } from '../digest.ts';
import { isErrno, isWherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { GrowingFile } from '../layer/growing-file.ts';
import type { LayerFacts } from '../layer/layer-facts.ts';
import type { ImageFacts } from '../metadata/metadata-store.ts';
import { INDEX_FILE } from '../oci/layout.ts';
import { familiarName } from '../reference.ts';
import { checkBuildCache } from './checks/check-build-cache.ts';
import { checkCatalog } from './checks/check-catalog.ts';
import { checkContainers } from './checks/check-containers.ts';
import { checkTrash } from './checks/check-trash.ts';
import { checkVolumes } from './checks/check-volumes.ts';
import { type IndexedName, reindex } from './checks/reindex.ts';
import type { ContainerDeps } from './containers/container-deps.ts';
import type { CheckResult, Fault } from './engine.ts';
import type { AdoptDeps } from './layers/adopt.ts';
import { forEachLimited } from './limiter.ts';
import { readLayoutNames } from './store/layout-names.ts';

/** A download that broke off is kept for the next attempt; one this old, nobody comes back for. */
const STALE_INGEST_MS = 24 * 3600 * 1000;

export interface CheckDeps extends AdoptDeps {
  readonly now: () => Date;
  readonly jobs: number;
  /** Absent where there are no containers. */
  readonly containers?: () => Promise<ContainerDeps>;
}

interface Check {
  readonly deps: CheckDeps;
  readonly repair: boolean;
  readonly signal: AbortSignal | undefined;
  readonly faults: Fault[];
  /** Blobs whose bytes are not what their digests say. */
  readonly bad: Set<Digest>;
}

/**
 * Reads everything in the store again and verifies it: blobs against their digests, layers against their
 * diffIDs and TOCs, metadata against the blobs, the layout's index against the names. With `repair`, bad
 * blobs are dropped, so that the next pull fetches them, what the registry service cannot serve any more is
 * forgotten, and what can be made again is made again.
 */
export async function check(
  deps: CheckDeps,
  request: { readonly repair?: boolean } = {},
  options: VerbOptions = {},
): Promise<CheckResult> {
  const { store } = deps;
  const state: Check = {
    deps,
    repair: request.repair === true,
    signal: options.signal,
    faults: [],
    bad: new Set(),
  };
  for (const message of store.metadata.integrityCheck())
    state.faults.push({ kind: 'metadata-corrupt', subject: 'metadata.db', message });
  state.faults.push(...(await checkTrash({ store, repair: state.repair, signal: state.signal })));
  const isLost = await checkNames(state);
  const sizes = await checkBlobs(state);
  await checkImages(state);
  const { repair, bad, signal } = state;
  state.faults.push(...(await checkCatalog({ store, repair, bad, signal })));
  // With the metadata lost, the index is all that is left of the names: only a repair writes it, and reads it first.
  if (!isLost || state.repair) await checkIndex(state);
  state.faults.push(...(await checkBuildCache({ store, repair, bad, now: deps.now })));
  await checkStrayFiles(state);
  state.faults.push(...(await checkVolumes({ store, repair, now: deps.now })));
  if (deps.containers)
    state.faults.push(...(await checkContainers(await deps.containers(), { repair, isLost })));
  // Nor does the layout know what a registry named: its blobs would go with its catalogue.
  if (state.repair && !isLost) await store.sweep();
  return {
    faults: state.faults,
    blobs: sizes.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    images: store.metadata.listImages().length,
  };
}

/**
 * Names that the layout has and the metadata lost: a database that was deleted or restored from a copy. Tells
 * whether it looks like that.
 */
async function checkNames(state: Check): Promise<boolean> {
  const { store } = state.deps;
  const history = store.indexHistory();
  const lost = store.lostNames();
  // A process that was killed before it could write the index has removed the last image: no name is lost.
  const hasNames = store.metadata.listImages().length > 0 || history === 'behind';
  if (lost.length === 0 && hasNames) return false;
  const found = await readNames(state, lost);
  if (state.repair) store.forgetLostNames();
  for (const { name, isRestored } of found)
    state.faults.push({
      kind: 'metadata-missing',
      subject: name,
      message: `${name} stands in the layout's index but not in the metadata`,
      ...(isRestored && { repaired: 'read into the metadata again' }),
    });
  return history === 'unwritten' || found.length > 0;
}

async function readNames(state: Check, lost: readonly LayoutEntry[]): Promise<IndexedName[]> {
  try {
    const entries = lost.length > 0 ? lost : await readLayoutNames(state.deps.store.root);
    return await reindex(state.deps, entries, {
      dryRun: !state.repair,
      ...(state.signal && { signal: state.signal }),
    });
  } catch (error) {
    if (!isWherryError(error, 'INVALID_DOCUMENT')) throw error;
    state.faults.push(indexFault(state, `${INDEX_FILE}: cannot be read: ${error.message}`));
    return [];
  }
}

async function checkBlobs(state: Check): Promise<number[]> {
  const { store } = state.deps;
  const layers = new Set<Digest>(
    store.metadata.listImages().flatMap((facts) => facts.layers.map(({ digest }) => digest)),
  );
  const blobs: { readonly digest: Digest; readonly size: number }[] = [];
  for await (const info of store.blobs.list()) blobs.push(info);
  blobs.sort((a, b) => b.size - a.size);
  await forEachLimited(blobs, state.deps.jobs, state.signal, async ({ digest, size }, signal) => {
    const isLayer = layers.has(digest) || store.metadata.findLayer(digest) !== undefined;
    try {
      if (isLayer) await checkLayer(state, digest, size, signal);
      else await checkDocument(state, digest);
    } catch (error) {
      // The sweep of another process may take a blob between the listing and the look.
      if (isWherryError(error, 'BLOB_UNKNOWN') || isErrno(error, 'ENOENT')) return;
      throw error;
    }
  });
  return blobs.map(({ size }) => size);
}

async function checkDocument(state: Check, digest: Digest): Promise<void> {
  const found = await state.deps.store.hashOf(digest);
  if (found !== digest) dropBlob(state, digest, `blob ${digest}: its bytes have the digest ${found}`);
}

async function checkLayer(state: Check, digest: Digest, size: number, signal: AbortSignal): Promise<void> {
  const { store } = state.deps;
  const record = store.metadata.findLayer(digest);
  const fresh = await newTemporaryFile(store.root);
  const growing = new GrowingFile(store.blobs.pathOf(digest), size);
  growing.end();
  const onAbort = () => growing.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const facts = await state.deps
      .passes()
      .run({ file: growing, size, tocPath: fresh, hashEngine: store.hashEngine() });
    const fault = layerFault(facts, digest, record?.diffID);
    if (fault) dropBlob(state, digest, fault);
    else await checkToc(state, facts, fresh, record !== undefined);
  } catch (error) {
    if (!isWherryError(error, 'CORRUPT', 'TRUNCATED', 'INVALID_TAR', 'TOO_LARGE', 'UNSUPPORTED')) throw error;
    // Only a layer's own bytes can say whether it was ever sound; its digest does.
    const found = await store.hashOf(digest);
    if (found !== digest) dropBlob(state, digest, `blob ${digest}: its bytes have the digest ${found}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
    await rm(fresh, { force: true });
  }
}

function layerFault(facts: LayerFacts, digest: Digest, diffID: Digest | undefined): string | undefined {
  if (facts.digest !== digest) return `blob ${digest}: its bytes have the digest ${facts.digest}`;
  if (diffID !== undefined && facts.diffID !== diffID)
    return `layer ${digest}: its tar has the diff ID ${facts.diffID}, want ${diffID}`;
  return undefined;
}

async function checkToc(state: Check, facts: LayerFacts, fresh: string, recorded: boolean): Promise<void> {
  const { store } = state.deps;
  if (!recorded) return;
  const have = await readIfThere(tocPath(store.root, facts.digest));
  if (have?.equals(await readFile(fresh))) return;
  if (state.repair) await publishToc(store.root, facts.digest, fresh);
  state.faults.push({
    kind: have ? 'toc-corrupt' : 'toc-missing',
    subject: facts.digest,
    message: `layer ${facts.digest}: its table of contents ${have ? 'is not that of its tar' : 'is missing'}`,
    ...(state.repair && { repaired: 'written again' }),
  });
}

function dropBlob(state: Check, digest: Digest, message: string): void {
  const { store } = state.deps;
  state.bad.add(digest);
  const outcome = store.metadata.reachableFromImages().has(digest)
    ? 'dropped: the next pull fetches it'
    : 'dropped';
  if (state.repair) store.drop(digest);
  state.faults.push({
    kind: 'blob-corrupt',
    subject: digest,
    message,
    ...(state.repair && { repaired: outcome }),
  });
}

/** What the metadata names must be there; a layer may be there in another compression. */
async function checkImages(state: Check): Promise<void> {
  const { metadata, blobs } = state.deps.store;
  for (const facts of metadata.listImages()) {
    const missing: Digest[] = [];
    const targets = metadata.namesOf(facts.id).map((name) => name.target.digest);
    for (const digest of new Set([...targets, facts.manifest.digest, facts.id]))
      if (!(await blobs.stat(digest))) missing.push(digest);
    for (const layer of facts.layers) {
      const present = await Promise.all(
        [layer.digest, ...metadata.layersByDiffID(layer.diffID).map(({ digest }) => digest)].map((digest) =>
          blobs.stat(digest),
        ),
      );
      if (!present.some(Boolean)) missing.push(layer.digest);
    }
    for (const digest of missing)
      state.faults.push({
        kind: 'blob-missing',
        subject: digest,
        message: `${nameOf(state, facts)}: blob ${digest} is not in the store: pull the image again`,
      });
  }
}

function nameOf(state: Check, facts: ImageFacts): string {
  const [name] = state.deps.store.metadata.namesOf(facts.id);
  return name ? familiarName(name.ref) : facts.id;
}

async function checkIndex(state: Check): Promise<void> {
  const { store } = state.deps;
  if (await store.isIndexCurrent()) return;
  if (state.repair) await store.publishIndex();
  state.faults.push(indexFault(state, `${INDEX_FILE}: does not say what the store's names say`));
}

function indexFault(state: Check, message: string): Fault {
  return {
    kind: 'index-stale',
    subject: INDEX_FILE,
    message,
    ...(state.repair && { repaired: 'written again' }),
  };
}

/** Files that nobody will look for again: repair removes them, and downloads that nobody went on with. */
async function checkStrayFiles(state: Check): Promise<void> {
  const { store } = state.deps;
  for (const path of await store.strayFiles()) {
    if (state.repair) await store.removeStrayFile(path);
    state.faults.push({
      kind: 'stray-file',
      subject: path,
      message: `${join(store.root, path)}: belongs to nothing`,
      ...(state.repair && { repaired: 'removed' }),
    });
  }
  if (state.repair) await store.blobs.removeStaleIngests(STALE_INGEST_MS);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
