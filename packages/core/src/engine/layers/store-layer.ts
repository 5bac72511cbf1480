import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { releaseChunk } from '../../bytes/release.ts';
import type { BlobInfo, BlobWriter } from '../../content/blob-store.ts';
import { publishToc } from '../../content/toc-files.ts';
import { isWherryError, throwIfCancelled } from '../../errors.ts';
import { GrowingFile } from '../../layer/growing-file.ts';
import type { LayerFacts } from '../../layer/layer-facts.ts';
import type { LayerPassJob } from '../../layer/pass-pool.ts';
import { INLINE_BYTES } from '../../layer/pass-protocol.ts';
import type { Store } from '../store/store.ts';
import { type LayerFetchDeps, recordLayer, startPass } from './layer-fetch.ts';

/** Up to here, reading a tar keeps this thread busy for some 100 ms: less than a thread of its own takes in all. */
const MAX_READ_HERE_BYTES = 96 * 1024 * 1024;

type StoreLayerDeps = Pick<LayerFetchDeps, 'store' | 'passes'>;

export interface StoreLayerOptions<Stored extends BlobInfo> {
  /** Bytes that will come, where that is known. */
  readonly size?: number;
  /** It is a plain tar and comes alone: about so many bytes. */
  readonly tarBytes?: number;
  /** Gets what the layer turned out to be before its blob is visible. */
  readonly hold: (stored: Stored) => void;
  readonly signal: AbortSignal;
  /** Nobody else has the chunks: their memory is given back as soon as they are written. */
  readonly isOwned?: boolean;
}

/** Both settle in time; whoever awaits the one need not look at the other. */
export interface StoringLayer<Stored extends BlobInfo> {
  /** The bytes are written: the next layer may come. */
  readonly drained: Promise<void>;
  /** A worker has read them too, and the blob is visible. */
  readonly stored: Promise<Stored>;
}

/**
 * Puts a layer that comes as a stream of bytes into the store, under whatever digest it turns out to have.
 * Fails with what the pass throws: `INVALID_TAR`, `TRUNCATED`, `CORRUPT`.
 */
export function storeLayer(
  deps: StoreLayerDeps,
  source: ByteSource,
  options: StoreLayerOptions<LayerFacts>,
): StoringLayer<LayerFacts> {
  return storing((onDrained) => ingest(deps, source, options, onDrained, keepLayer));
}

/** Like `storeLayer`; bytes that turn out to be no layer are kept as a bare blob. */
export function storeLayerOrBlob(
  deps: StoreLayerDeps,
  source: ByteSource,
  options: StoreLayerOptions<BlobInfo>,
): StoringLayer<LayerFacts | BlobInfo> {
  return storing((onDrained) =>
    ingest<LayerFacts | BlobInfo>(deps, source, options, onDrained, keepLayerOrBlob),
  );
}

function storing<Stored extends BlobInfo>(
  start: (onDrained: () => void) => Promise<Stored>,
): StoringLayer<Stored> {
  const drained = Promise.withResolvers<void>();
  const stored = start(drained.resolve);
  stored.catch(drained.reject);
  drained.promise.catch(() => undefined);
  return { drained: drained.promise, stored };
}

/** What is needed to keep a layer whose bytes are written. */
interface Written<Stored extends BlobInfo> {
  readonly deps: StoreLayerDeps;
  readonly writer: BlobWriter;
  /** Of the file that `writer` writes. */
  readonly path: string;
  readonly facts: Promise<LayerFacts>;
  readonly toc: string;
  readonly hold: (stored: Stored) => void;
}

async function ingest<Stored extends BlobInfo>(
  deps: StoreLayerDeps,
  source: ByteSource,
  options: StoreLayerOptions<Stored>,
  onDrained: () => void,
  keep: (written: Written<Stored>) => Promise<Stored>,
): Promise<Stored> {
  const { hold, signal, isOwned = false } = options;
  await using writer = await deps.store.blobs.begin(`layer-${randomUUID()}`, { hashedBy: 'caller', signal });
  const { path } = writer;
  if (path === undefined) throw new Error('layers need a store with files');
  const growing = new GrowingFile(path);
  const start = (size: number | undefined) => startPass(deps, growing, size, writer, hintsOf(options));
  let passing = options.size === undefined ? undefined : start(options.size);
  try {
    let written = 0;
    for await (const chunk of source) {
      throwIfCancelled(signal);
      const { length } = chunk;
      await writer.write(chunk);
      if (isOwned) releaseChunk(chunk);
      growing.advance(length);
      written += length;
      // Of a layer that turns out to be small the size is known when it is there, and no thread is started for it.
      if (written > INLINE_BYTES) passing ??= start(undefined);
    }
    growing.end();
    onDrained();
    // While it is read, and its table of contents published.
    writer.flush?.();
    passing ??= start(written);
    return await keep({ deps, writer, path, ...passing, hold });
  } catch (error) {
    growing.abort();
    await passing?.facts.catch(() => undefined);
    // Under a name that nobody will ask for again, nothing is worth keeping.
    await writer.abort();
    throw error;
  }
}

function hintsOf({ tarBytes = Infinity }: StoreLayerOptions<never>): Pick<LayerPassJob, 'isReadHere'> {
  return tarBytes <= MAX_READ_HERE_BYTES ? { isReadHere: true } : {};
}

async function keepLayer({ deps, writer, facts, toc, hold }: Written<LayerFacts>): Promise<LayerFacts> {
  const found = await facts;
  hold(found);
  await publishLayer(deps.store, writer, found, toc);
  return found;
}

/** Publishes a layer that is written, so that each finds what it names; `toc` is a file beside the bytes. */
export async function publishLayer(
  store: Store,
  writer: BlobWriter,
  facts: LayerFacts,
  toc: string,
): Promise<void> {
  await publishToc(store.root, facts.digest, toc);
  await writer.commit(facts);
  recordLayer(store, facts);
}

async function keepLayerOrBlob(written: Written<LayerFacts | BlobInfo>): Promise<LayerFacts | BlobInfo> {
  try {
    return await keepLayer(written);
  } catch (error) {
    if (!isWherryError(error, 'INVALID_TAR', 'TRUNCATED', 'CORRUPT', 'UNSUPPORTED')) throw error;
  }
  const hasher = new NodeHasher();
  let size = 0;
  for await (const chunk of createReadStream(written.path, { highWaterMark: 1 << 20 })) {
    hasher.update(chunk);
    size += chunk.length;
  }
  const info = { digest: hasher.digest(), size };
  written.hold(info);
  return written.writer.commit(info);
}
