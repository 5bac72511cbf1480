import { dirname, join } from 'node:path';
import { releaseChunk } from '../../bytes/release.ts';
import type { BlobWriter } from '../../content/blob-store.ts';
import { publishToc } from '../../content/toc-files.ts';
import type { Digest } from '../../digest.ts';
import { type ErrorCode, isWherryError, WherryError } from '../../errors.ts';
import type { ProgressEvent } from '../../events.ts';
import { GrowingFile } from '../../layer/growing-file.ts';
import type { LayerFacts } from '../../layer/layer-facts.ts';
import type { LayerPassJob, LayerPassPool } from '../../layer/pass-pool.ts';
import type { LayerRecord } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Reference } from '../../reference.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { layerVariant } from '../store/layer-variant.ts';
import type { Store } from '../store/store.ts';

export interface LayerFetchDeps {
  readonly store: Store;
  readonly registry: Pick<RegistryClient, 'getBlob'>;
  readonly passes: () => LayerPassPool;
}

/** A layer to bring into the store: where it is, and what its tar must hash to. */
export interface WantedLayer {
  readonly repository: Reference;
  readonly descriptor: Descriptor;
  readonly diffID: Digest;
  /** Other layers of the image are fetched too. */
  readonly hasCompanions?: boolean;
}

/** What a pass says of bytes that are not those of a sound layer. */
const BAD_BYTES = [
  'DIGEST_MISMATCH',
  'CORRUPT',
  'INVALID_TAR',
  'TRUNCATED',
  'UNSUPPORTED',
  'TOO_LARGE',
] as const satisfies ErrorCode[];

type LayerEvent = Omit<Extract<ProgressEvent, { kind: 'layer' }>, 'kind' | 'digest'>;

/** The layer's record when its tar is in the store already, under this blob or another compression of it. */
export function findStoredLayer(store: Store, wanted: WantedLayer): Promise<LayerRecord | undefined> {
  return layerVariant(store, { digest: wanted.descriptor.digest, diffID: wanted.diffID });
}

/**
 * Brings one layer into the store in one pass over its bytes: the network writes the file, a worker thread
 * follows it and finds digest, diffID and TOC. Nothing is visible before all of it is verified. What a
 * broken attempt left is kept and read again, not fetched again.
 */
export async function fetchLayer(
  deps: LayerFetchDeps,
  wanted: WantedLayer,
  emit: (event: LayerEvent) => void,
  signal: AbortSignal,
): Promise<LayerRecord> {
  const { digest, size } = wanted.descriptor;
  for (let attempt = 1; ; attempt++) {
    await using writer = await deps.store.blobs.begin(digest, { digest, size, hashedBy: 'caller', signal });
    // Another process was faster, or died between the blob and its record.
    if (writer.exists) return await scanExisting(deps, digest, wanted.diffID, writer, signal);
    try {
      return await download(deps, wanted, writer, emit, signal);
    } catch (error) {
      // The kept bytes may come from another endpoint, or from a disk that lied: once, they are not believed.
      if (writer.offset === 0 || attempt > 1 || !isWherryError(error, ...BAD_BYTES)) throw error;
      await writer.abort();
    }
  }
}

async function download(
  deps: LayerFetchDeps,
  wanted: WantedLayer,
  writer: BlobWriter,
  emit: (event: LayerEvent) => void,
  signal: AbortSignal,
): Promise<LayerRecord> {
  const { repository, descriptor } = wanted;
  const total = descriptor.size;
  const growing = new GrowingFile(pathOf(writer), writer.offset);
  const { hasCompanions = false } = wanted;
  const passing = startPass(deps, growing, total, writer, { hasCompanions, isDiffIDKnown: true });
  let current = writer.offset;
  try {
    emit({ phase: 'downloading', current, total, ...(current > 0 && { resumedFrom: current }) });
    if (current < total)
      for await (const chunk of deps.registry.getBlob(repository, descriptor, { start: current }, signal)) {
        const { length } = chunk;
        await writer.write(chunk);
        releaseChunk(chunk);
        current += length;
        growing.advance(length);
        emit({ phase: 'downloading', current, total });
      }
    growing.end();
    emit({ phase: 'verifying' });
    const facts = await passing.facts;
    const record = await keepLayer(deps.store, facts, wanted, writer, passing.toc);
    emit({ phase: 'downloaded' });
    return record;
  } catch (error) {
    growing.abort();
    await passing.facts.catch(() => undefined);
    // All the bytes are here, and bad: there is nothing to go on with.
    if (current === total && isWherryError(error, ...BAD_BYTES)) await writer.abort();
    throw error;
  }
}

/** Verifies what the pass found, then publishes: TOC, blob, record, so that each finds what it names. */
async function keepLayer(
  store: Store,
  facts: LayerFacts,
  wanted: WantedLayer,
  writer: BlobWriter,
  toc: string,
): Promise<LayerRecord> {
  if (facts.digest === wanted.descriptor.digest) {
    if (facts.diffID !== wanted.diffID) {
      await writer.abort();
      throw diffIDMismatch(facts, wanted.diffID);
    }
    await publishToc(store.root, facts.digest, toc);
  }
  // Refuses a digest that is not the wanted one, and drops the bytes.
  await writer.commit(facts);
  return recordLayer(store, facts);
}

/**
 * Passes over a layer whose blob is here, but not what a pass would have found: it came as a bare blob. With
 * `diffID` its tar must be that. Throws `BLOB_UNKNOWN`, `DIGEST_MISMATCH`, `DIFF_ID_MISMATCH`.
 */
export async function scanStoredLayer(
  deps: Pick<LayerFetchDeps, 'store' | 'passes'>,
  digest: Digest,
  diffID: Digest | undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<LayerRecord> {
  await using writer = await deps.store.blobs.begin(digest, { digest, hashedBy: 'caller', signal });
  if (!writer.exists) throw new WherryError('BLOB_UNKNOWN', `blob ${digest} is not in the store`);
  return await scanExisting(deps, digest, diffID, writer, signal);
}

async function scanExisting(
  deps: Pick<LayerFetchDeps, 'store' | 'passes'>,
  digest: Digest,
  diffID: Digest | undefined,
  writer: BlobWriter,
  signal: AbortSignal,
): Promise<LayerRecord> {
  const { store } = deps;
  const known = store.metadata.findLayer(digest);
  if (known) {
    await writer.abort();
    if (diffID !== undefined && known.diffID !== diffID) throw diffIDMismatch(known, diffID);
    return known;
  }
  const size = (await store.blobs.stat(digest))?.size ?? 0;
  const growing = new GrowingFile(store.blobs.pathOf(digest), size);
  growing.end();
  const onAbort = () => growing.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const isDiffIDKnown = diffID !== undefined;
    const passing = startPass(deps, growing, size, writer, { isDiffIDKnown });
    const facts = await passing.facts;
    if (facts.digest !== digest)
      throw new WherryError('DIGEST_MISMATCH', `blob ${digest}: its bytes have the digest ${facts.digest}`, {
        hint: 'repair the store with: wherry system check --repair',
      });
    if (diffID !== undefined && facts.diffID !== diffID) throw diffIDMismatch(facts, diffID);
    await publishToc(store.root, digest, passing.toc);
    return recordLayer(store, facts);
  } finally {
    signal.removeEventListener('abort', onAbort);
    await writer.abort();
  }
}

/** Starts a worker on the file; the TOC is made beside the bytes, so that both go when the attempt is given up. */
export function startPass(
  deps: Pick<LayerFetchDeps, 'store' | 'passes'>,
  file: GrowingFile,
  size: number | undefined,
  writer: BlobWriter,
  hints: Pick<LayerPassJob, 'hasCompanions' | 'isDiffIDKnown' | 'isReadHere'> = {},
): { readonly facts: Promise<LayerFacts>; readonly toc: string } {
  const toc = join(dirname(pathOf(writer)), 'toc');
  const hashEngine = deps.store.hashEngine(size);
  const job = { ...hints, file, tocPath: toc, hashEngine, ...(size !== undefined && { size }) };
  const facts = deps.passes().run(job);
  // When the bytes fail to come, that is the failure to tell, not that of the pass that waited for them.
  facts.catch(() => undefined);
  return { facts, toc };
}

/** Records what a pass found, once blob and TOC are there. */
export function recordLayer(store: Store, facts: LayerFacts): LayerRecord {
  const { digest, diffID, size, tarSize, contentSize } = facts;
  const record: LayerRecord = { digest, diffID, size, tarSize, contentSize };
  store.metadata.putLayer(record);
  return record;
}

function diffIDMismatch(
  found: { readonly digest: Digest; readonly diffID: Digest },
  want: Digest,
): WherryError {
  return new WherryError(
    'DIFF_ID_MISMATCH',
    `layers from manifest don't match image configuration: layer ${found.digest} has the diff ID ${found.diffID}, want ${want}`,
  );
}

function pathOf(writer: BlobWriter): string {
  if (writer.path === undefined) throw new Error('layers need a store with files');
  return writer.path;
}
