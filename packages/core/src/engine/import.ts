import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ByteSource } from '../bytes/byte-source.ts';
import { fromReadable } from '../bytes/node.ts';
import { decompress, decompressAuto, takeHead } from '../compression/decompress.ts';
import { detectCompression } from '../compression/detect.ts';
import type { Digest } from '../digest.ts';
import { isErrno, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { makeConfig, makeManifest } from '../image/build-image.ts';
import { applyChanges } from '../image/change.ts';
import type { LayerFacts } from '../layer/layer-facts.ts';
import { layerMediaType } from '../layer/media-type.ts';
import type { ImageName } from '../metadata/metadata-store.ts';
import { type ContainerConfig, parseImageConfig } from '../oci/image-config.ts';
import { parseManifest } from '../oci/manifest.ts';
import { normalizePlatform, type Platform } from '../platform.ts';
import { withDefaultTag } from '../reference.ts';
import { openDownload } from '../registry/download.ts';
import type { Transport } from '../registry/transport.ts';
import type { ImportRequest } from './engine.ts';
import type { AdoptDeps } from './layers/adopt.ts';
import { storeLayer } from './layers/store-layer.ts';
import { storeDocument } from './store/documents.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';
import { imageFacts } from './store/image-facts.ts';

export interface ImportDeps extends AdoptDeps {
  readonly now: () => Date;
  readonly openTransport: () => Transport & AsyncDisposable;
}

/** A buffer lives until the garbage collector comes by: with 1 MiB each they were 50 MB of the process. */
const READ_BYTES = 128 * 1024;
const OPERATING_SYSTEMS = ['linux', 'windows'];

/**
 * Makes an image of one layer from a tar. A tar packed with gzip or zstd stays packed as it is; xz and bzip2,
 * which no manifest can name, are unpacked. Throws `INVALID_TAR`, `TRUNCATED`, `INVALID_ARGUMENT` for a bad
 * change or name, `FILE_NOT_FOUND`, `UNREACHABLE`.
 */
export async function importImage(
  deps: ImportDeps,
  request: ImportRequest,
  options: VerbOptions = {},
): Promise<{ readonly id: Digest }> {
  const { store } = deps;
  const config = applyChanges({}, request.changes ?? []);
  const platform = normalizePlatform(request.platform ?? deps.host);
  if (!OPERATING_SYSTEMS.includes(platform.os))
    throw new WherryError('UNSUPPORTED', 'operating system is not supported', {
      details: { os: platform.os },
    });
  if (request.ref?.digest) throw new WherryError('INVALID_ARGUMENT', 'cannot import digest reference');
  const stored = new Set<Digest>();
  try {
    return await importHeld(deps, { ...request, config, platform }, stored, options);
  } finally {
    // A form of the layer that was not kept, or, after a failure, all of it.
    await sweepDuplicates(store, stored);
  }
}

interface PreparedImport extends ImportRequest {
  readonly config: ContainerConfig;
  readonly platform: Platform;
}

/** Stores layer, config and manifest under a lease; what was stored is told in `stored`. */
async function importHeld(
  deps: ImportDeps,
  request: PreparedImport,
  stored: Set<Digest>,
  options: VerbOptions,
): Promise<{ readonly id: Digest }> {
  const { store } = deps;
  const signal = options.signal ?? new AbortController().signal;
  await using lease = await store.metadata.acquireLease('import');
  const hold = (digest: Digest) => {
    stored.add(digest);
    lease.add(digest);
  };
  const layer = await importLayer(deps, request.from, hold, { ...options, signal });
  const created = deps.now();
  const configDocument = makeConfig({
    created,
    platform: request.platform,
    config: request.config,
    diffIDs: [layer.diffID],
    comment: request.message || `Imported from ${isUrl(request.from) ? request.from : '-'}`,
  });
  const mediaType = layerMediaType(layer.compression, 'oci');
  const manifest = makeManifest(configDocument.descriptor, [
    { mediaType, digest: layer.digest, size: layer.size },
  ]);
  for (const document of [configDocument, manifest]) {
    hold(document.descriptor.digest);
    await storeDocument(store.blobs, document.descriptor, document.bytes, signal);
  }
  const image = imageFacts(
    manifest.descriptor,
    parseManifest(manifest.bytes),
    parseImageConfig(configDocument.bytes),
    [layer],
  );
  const name = { target: manifest.descriptor, imageId: image.id, taggedAt: created };
  const names: ImageName[] = request.ref ? [{ ref: withDefaultTag(request.ref), ...name }] : [];
  const children = [image.id, layer.digest];
  store.metadata.putImage(image, [{ descriptor: manifest.descriptor, children }], names);
  store.metadata.noteUse(image.id);
  await store.publishIndex();
  return { id: image.id };
}

async function importLayer(
  deps: ImportDeps,
  from: ByteSource | string,
  hold: (digest: Digest) => void,
  options: VerbOptions & { readonly signal: AbortSignal },
): Promise<LayerFacts> {
  const { signal } = options;
  const holding = { hold: (facts: LayerFacts) => hold(facts.digest), signal };
  await using opened = await openSource(deps, from, options);
  const isOwned = typeof from === 'string';
  const layer = await storeLayer(deps, await layerBytes(opened.source), { ...holding, isOwned }).stored;
  if (!layer.trailingBytes) return layer;
  // Docker, which takes such a file here, would refuse it as a layer when it is pulled: the tar is kept instead.
  const tar = decompress(deps.store.blobs.read(layer.digest), layer.compression);
  return storeLayer(deps, tar, holding).stored;
}

/** The bytes to keep as the layer's blob. */
async function layerBytes(source: ByteSource): Promise<ByteSource> {
  const { head, rest } = await takeHead(source);
  const compression = detectCompression(head);
  return compression === 'xz' || compression === 'bzip2' ? decompressAuto(rest) : rest;
}

interface OpenedSource extends AsyncDisposable {
  readonly source: ByteSource;
}

async function openSource(
  deps: ImportDeps,
  from: ByteSource | string,
  options: VerbOptions,
): Promise<OpenedSource> {
  if (isUrl(from)) return download(deps, new URL(from), options);
  if (typeof from !== 'string') return { source: from, [Symbol.asyncDispose]: async () => undefined };
  const source = fromReadable(createReadStream(await regularFile(from), { highWaterMark: READ_BYTES }));
  return { source, [Symbol.asyncDispose]: async () => undefined };
}

function isUrl(from: ByteSource | string): from is string {
  return typeof from === 'string' && /^https?:\/\//i.test(from);
}

async function regularFile(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return path;
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw new WherryError('FILE_NOT_FOUND', `open ${path}: no such file or directory`, { cause: error });
  }
  throw new WherryError('INVALID_ARGUMENT', `read ${path}: is a directory`);
}

async function download(deps: ImportDeps, from: URL, options: VerbOptions): Promise<OpenedSource> {
  const transport = deps.openTransport();
  try {
    const found = await openDownload(transport, from, options.signal);
    const { total } = found;
    options.onProgress?.({ kind: 'fetching', url: from.href, ...(total !== undefined && { total }) });
    return {
      source: found.body,
      [Symbol.asyncDispose]: async () => {
        await found[Symbol.asyncDispose]();
        await transport[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await transport[Symbol.asyncDispose]();
    throw error;
  }
}
