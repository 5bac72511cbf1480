import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { DocumentRecord, ImageFacts, LayerRecord } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type ImageConfig, imagePlatform, parseImageConfig } from '../../oci/image-config.ts';
import { parseIndex } from '../../oci/index-document.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import { isConfigType, isIndexType, isLayerType } from '../../oci/media-types.ts';
import type { Platform } from '../../platform.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, readDocument } from '../store/documents.ts';
import { imageFacts, platformSatisfies, requireSameLayerCount } from '../store/image-facts.ts';
import { layerVariant } from '../store/layer-variant.ts';
import { type LayerFetchDeps, scanStoredLayer } from './layer-fetch.ts';

export interface AdoptDeps extends Pick<LayerFetchDeps, 'store' | 'passes'> {
  readonly host: Platform;
  /** Keeps what is found here in another form from the sweep. */
  readonly hold?: (digest: Digest) => void;
  /** What the content's source left out because its reader is to have it. */
  readonly omitted?: ReadonlySet<Digest>;
}

export interface AdoptOptions {
  readonly signal?: AbortSignal;
  /** Told of the platform of each image; absent: all of them, and what else an index holds. */
  readonly wants?: (platform: Platform) => boolean;
}

/** What a target whose content is in the store amounts to. */
export interface Adopted {
  /** The one for the host's platform first. */
  readonly images: readonly ImageFacts[];
  readonly documents: readonly DocumentRecord[];
}

/**
 * Looks into an index or manifest whose blobs are in the store already, because an archive or a layout
 * brought them: passes over the layers that no pass has seen, verifies their diffIDs. Entries of an index
 * whose content is not here are left out, and with `wants` those for which it says no; a layer may be here in
 * another form. Throws `INVALID_DOCUMENT`, `DIFF_ID_MISMATCH`, `BLOB_UNKNOWN`.
 */
export async function adoptTarget(
  deps: AdoptDeps,
  target: Descriptor,
  options: AdoptOptions = {},
): Promise<Adopted> {
  const images: ImageFacts[] = [];
  const documents: DocumentRecord[] = [];
  await visit({ deps, images, documents, ...options }, target);
  const rank = (facts: ImageFacts) => (platformSatisfies(deps.host, facts.platform) ? 0 : 1);
  return { images: images.sort((a, b) => rank(a) - rank(b)), documents };
}

interface Visit extends AdoptOptions {
  readonly deps: AdoptDeps;
  readonly images: ImageFacts[];
  readonly documents: DocumentRecord[];
}

async function visit(state: Visit, descriptor: Descriptor): Promise<void> {
  const { documents } = state;
  const { blobs } = state.deps.store;
  const bytes = await readDocument(blobs, descriptor.digest, MAX_MANIFEST_BYTES);
  if (isIndexType(descriptor.mediaType)) {
    const { manifests } = parseIndex(bytes);
    documents.push({ descriptor, children: digestsOf(manifests) });
    for (const child of manifests) if (await blobs.stat(child.digest)) await visit(state, child);
    return;
  }
  const manifest = parseManifest(bytes);
  const config =
    isImage(manifest) && (await blobs.stat(manifest.config.digest))
      ? await readConfig(state.deps, manifest)
      : undefined;
  if (state.wants && !(config && state.wants(descriptor.platform ?? imagePlatform(config)))) return;
  documents.push({ descriptor, children: digestsOf([manifest.config, ...manifest.layers]) });
  if (config) state.images.push(await adoptImage(state, descriptor, manifest, config));
}

async function readConfig({ store }: AdoptDeps, { config }: Manifest): Promise<ImageConfig> {
  return parseImageConfig(await readDocument(store.blobs, config.digest, MAX_CONFIG_BYTES));
}

/** An index may hold attestations and other artifacts, whose layers are no tars. */
export function isImage(manifest: Manifest): boolean {
  return (
    isConfigType(manifest.config.mediaType) && manifest.layers.every((layer) => isLayerType(layer.mediaType))
  );
}

async function adoptImage(
  { deps, signal }: Visit,
  descriptor: Descriptor,
  manifest: Manifest,
  config: ImageConfig,
): Promise<ImageFacts> {
  requireSameLayerCount(manifest, config);
  const records: LayerRecord[] = [];
  const missing: Digest[] = [];
  for (const [i, { digest }] of manifest.layers.entries()) {
    const diffID = config.rootfs.diff_ids[i];
    const record = (await deps.store.blobs.stat(digest))
      ? await scanStoredLayer(deps, digest, diffID, signal)
      : diffID && (await findVariant(deps, digest, diffID));
    if (record) records.push(record);
    else missing.push(digest);
  }
  if (missing.length > 0) throw missingLayers(missing, deps.omitted);
  return imageFacts(descriptor, manifest, config, records);
}

/** The layer in another form, which stays here from now on. */
async function findVariant(
  { store, hold }: AdoptDeps,
  digest: Digest,
  diffID: Digest,
): Promise<LayerRecord | undefined> {
  const found = await layerVariant(store, { digest, diffID });
  if (found === undefined || hold === undefined) return found;
  hold(found.digest);
  // A sweep may have been faster than the lease.
  return (await store.blobs.stat(found.digest)) ? found : undefined;
}

function missingLayers(missing: readonly Digest[], omitted?: ReadonlySet<Digest>): WherryError {
  const details = { missing };
  if (!missing.every((digest) => omitted?.has(digest)))
    return new WherryError('BLOB_UNKNOWN', `blob ${missing[0]} is not in the store`, { details });
  const [layers, are] = missing.length === 1 ? ['layer', 'is'] : ['layers', 'are'];
  return new WherryError(
    'BLOB_UNKNOWN',
    `${layers} ${missing.join(', ')} ${are} neither here nor in the archive: load the archive it was made since first`,
    { details },
  );
}

function digestsOf(descriptors: readonly Descriptor[]): Digest[] {
  return descriptors.map(({ digest }) => digest);
}
