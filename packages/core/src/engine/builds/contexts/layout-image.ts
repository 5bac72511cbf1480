import { collect } from '../../../bytes/collect.ts';
import type { Digest } from '../../../digest.ts';
import { WherryError } from '../../../errors.ts';
import type { ImageFacts, LayerRecord } from '../../../metadata/metadata-store.ts';
import { type ImageConfig, parseImageConfig } from '../../../oci/image-config.ts';
import { parseIndex, resolvePlatform } from '../../../oci/index-document.ts';
import { readJsonObject } from '../../../oci/json.ts';
import { layoutBlobPath } from '../../../oci/layout.ts';
import { type Manifest, parseManifest } from '../../../oci/manifest.ts';
import { isIndexType, MEDIA_TYPES } from '../../../oci/media-types.ts';
import type { Platform } from '../../../platform.ts';
import type { Reference } from '../../../reference.ts';
import type { RemoteDocument } from '../../../registry/registry-client.ts';
import { isImage } from '../../layers/adopt.ts';
import { fetchLayer } from '../../layers/layer-fetch.ts';
import type { SealDeps } from '../../layers/seal.ts';
import type { CopySource } from '../../remote/copy-ends.ts';
import { type LayoutFiles, openLayoutDirectory } from '../../remote/layout-files.ts';
import { layoutSource } from '../../remote/layout-source.ts';
import { verifiedReads } from '../../remote/verified-reads.ts';
import { MAX_CONFIG_BYTES, storeDocument } from '../../store/documents.ts';
import { imageFacts, requireSameLayerCount } from '../../store/image-facts.ts';
import { layerVariant } from '../../store/layer-variant.ts';
import { type LayoutContext, layoutText } from './layout-context.ts';

export interface LayoutImageDeps extends SealDeps {
  readonly host: Platform;
  /** Keeps content from the sweep until the build is over. */
  readonly hold: (...digests: Digest[]) => void;
  readonly signal: AbortSignal;
}

/** What a layer of a layout is said to be of: nobody is asked for it. */
const NO_REPOSITORY: Reference = { domain: 'localhost', path: 'layout' };
const DEFAULT_TAG = 'latest';

/**
 * Brings the image of a layout on disk into the store, where it gets no name. Of several platforms it is the one for
 * `platform`. Throws `FILE_NOT_FOUND`, `INVALID_ARCHIVE`, `IMAGE_UNKNOWN`, `PLATFORM_UNKNOWN`, `BLOB_UNKNOWN`,
 * `DIGEST_MISMATCH`, `DIFF_ID_MISMATCH`, `UNSUPPORTED` for an artifact.
 */
export async function layoutImage(
  context: LayoutContext,
  platform: Platform,
  deps: LayoutImageDeps,
): Promise<ImageFacts> {
  const files = await openLayoutDirectory(context.path);
  await using source = await layoutSource(files, context.tag ?? DEFAULT_TAG);
  const root = await rootOf(source, files, context.digest);
  const { descriptor, bytes } = await imageDocument(source, root, platform, deps.host);
  const manifest = parseManifest(bytes);
  if (!isImage(manifest))
    throw new WherryError('UNSUPPORTED', `${layoutText(context)} is an artifact, not an image`);
  const { store, hold, signal } = deps;
  hold(descriptor.digest, manifest.config.digest);
  const config = await fetchConfig(source, manifest, deps);
  requireSameLayerCount(manifest, config);
  const layers: LayerRecord[] = [];
  for (const [i, layer] of manifest.layers.entries()) {
    const diffID = config.rootfs.diff_ids[i];
    if (diffID !== undefined) layers.push(await bringLayer(source, { descriptor: layer, diffID }, deps));
  }
  await storeDocument(store.blobs, descriptor, bytes, signal);
  const facts = imageFacts(descriptor, manifest, config, layers);
  const children = [manifest.config, ...manifest.layers].map(({ digest }) => digest);
  store.metadata.putImage(facts, [{ descriptor, children }], []);
  return facts;
}

/** A digest may be that of anything in the layout, whether its index names it or not. */
async function rootOf(
  source: CopySource,
  files: LayoutFiles,
  digest: Digest | undefined,
): Promise<RemoteDocument> {
  if (digest === undefined) return source.root();
  const size = await files.size(layoutBlobPath(digest));
  if (size === undefined)
    throw new WherryError('IMAGE_UNKNOWN', `${files.place} holds no image with the digest ${digest}`);
  const { bytes } = await source.document({ mediaType: MEDIA_TYPES.ociManifest, digest, size });
  const { mediaType = MEDIA_TYPES.ociManifest } = readJsonObject(bytes, `manifest ${digest}`);
  return { descriptor: { mediaType: String(mediaType), digest, size }, bytes };
}

async function imageDocument(
  source: CopySource,
  document: RemoteDocument,
  platform: Platform,
  host: Platform,
): Promise<RemoteDocument> {
  if (!isIndexType(document.descriptor.mediaType)) return document;
  const chosen = resolvePlatform(parseIndex(document.bytes), platform, host);
  return imageDocument(source, await source.document(chosen), platform, host);
}

async function fetchConfig(
  source: CopySource,
  { config }: Manifest,
  { store, signal }: LayoutImageDeps,
): Promise<ImageConfig> {
  const read = verifiedReads(config, (range) => source.blob(config, range));
  const bytes = await collect(read(), MAX_CONFIG_BYTES);
  await storeDocument(store.blobs, config, bytes, signal);
  return parseImageConfig(bytes);
}

async function bringLayer(
  source: CopySource,
  wanted: { readonly descriptor: Manifest['layers'][number]; readonly diffID: Digest },
  { store, passes, hold, signal }: LayoutImageDeps,
): Promise<LayerRecord> {
  const { digest } = wanted.descriptor;
  const here = await layerVariant(store, { digest, diffID: wanted.diffID });
  hold(here?.digest ?? digest);
  // Asked again under the lease: a sweep may have come between.
  if (here && (await store.blobs.stat(here.digest))) return here;
  hold(digest);
  const registry = {
    getBlob: (_: Reference, ...[descriptor, range]: Parameters<CopySource['blob']>) =>
      source.blob(descriptor, range),
  };
  return fetchLayer(
    { store, passes, registry },
    { repository: NO_REPOSITORY, ...wanted },
    () => undefined,
    signal,
  );
}
