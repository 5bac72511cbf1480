import type { Digest } from '../../digest.ts';
import type { ProgressEvent } from '../../events.ts';
import { makeManifest, type StoredDocument, UNSEALED_ANNOTATION } from '../../image/build-image.ts';
import type { ImageFacts, ImageName, LayerRecord } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseImageConfig } from '../../oci/image-config.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import { isManifestType, MEDIA_TYPES } from '../../oci/media-types.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, readOwnDocument, storeDocument } from '../store/documents.ts';
import { imageFacts } from '../store/image-facts.ts';
import { requireLayerVariant, storedCompression } from '../store/layer-variant.ts';
import type { Store } from '../store/store.ts';
import type { LayerFetchDeps } from './layer-fetch.ts';
import { repackLayer } from './repack-layer.ts';

export type SealDeps = Pick<LayerFetchDeps, 'store' | 'passes'>;

export interface SealOptions {
  /** Keeps a digest from the sweep until the push is over. */
  readonly hold: (digest: Digest) => void;
  readonly emit: (event: ProgressEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Gives an image that was loaded or imported with plain layers its lasting form, the first time it leaves:
 * gzip layers and a manifest of them, which stay in the store in place of the plain ones. The image ID does
 * not change. `undefined` when there is nothing to do: an image that a registry has seen is never changed.
 */
export async function sealImage(
  deps: SealDeps,
  facts: ImageFacts,
  options: SealOptions,
): Promise<ImageFacts | undefined> {
  const { store } = deps;
  const manifest = parseManifest(
    await readOwnDocument(store.blobs, facts.manifest.digest, MAX_MANIFEST_BYTES),
  );
  // The mark may come back from a registry, on a manifest that others know by its digest.
  if (!hasUnsealedMark(manifest) || store.metadata.blobLocations(facts.manifest.digest).length > 0)
    return undefined;
  const layers: Descriptor[] = [];
  const records: LayerRecord[] = [];
  for (const [i, layer] of manifest.layers.entries()) {
    const diffID = facts.layers[i]?.diffID;
    if (!diffID) throw new Error('an image has a diffID for each layer');
    const record =
      layer.mediaType === MEDIA_TYPES.ociLayer ? await compressed(deps, layer, diffID, options) : undefined;
    if (record) options.hold(record.digest);
    const kept = record ?? store.metadata.findLayer(layer.digest);
    if (!kept) throw new Error(`layer ${layer.digest} of an image in the store has no record`);
    records.push(kept);
    layers.push(
      record ? { mediaType: MEDIA_TYPES.ociLayerGzip, digest: record.digest, size: record.size } : layer,
    );
  }
  const { [UNSEALED_ANNOTATION]: _, ...annotations } = manifest.annotations ?? {};
  const sealed = makeManifest(manifest.config, layers, { annotations });
  return replaceManifest(store, facts, sealed, records, options);
}

/** Tells whether a document is a manifest made here, of plain layers, that no push has replaced yet. */
export async function isUnsealed(store: Store, descriptor: Descriptor): Promise<boolean> {
  if (!isManifestType(descriptor.mediaType)) return false;
  return hasUnsealedMark(
    parseManifest(await readOwnDocument(store.blobs, descriptor.digest, MAX_MANIFEST_BYTES)),
  );
}

function hasUnsealedMark(manifest: Manifest): boolean {
  return manifest.annotations?.[UNSEALED_ANNOTATION] !== undefined;
}

/** The gzip form of a plain layer: the one that is there, or a new one, read back while it is written. */
async function compressed(
  deps: SealDeps,
  layer: Descriptor,
  diffID: Digest,
  options: SealOptions,
): Promise<LayerRecord> {
  const { store } = deps;
  for (const other of store.metadata.layersByDiffID(diffID))
    if (storedCompression(store, other.digest) === 'gzip') return other;
  const record = await requireLayerVariant(store, { digest: layer.digest, diffID });
  return await repackLayer(deps, record, { ...options, packing: 'gzip' });
}

async function replaceManifest(
  store: Store,
  facts: ImageFacts,
  { descriptor, bytes }: StoredDocument,
  records: readonly LayerRecord[],
  options: SealOptions,
): Promise<ImageFacts> {
  options.hold(descriptor.digest);
  await storeDocument(store.blobs, descriptor, bytes, options.signal);
  const config = parseImageConfig(await readOwnDocument(store.blobs, facts.id, MAX_CONFIG_BYTES));
  const manifest = parseManifest(bytes);
  const sealed = imageFacts(descriptor, manifest, config, records, facts.parent);
  const names: ImageName[] = store.metadata
    .namesOf(facts.id)
    .filter((name) => name.target.digest === facts.manifest.digest)
    .map((name) => ({ ...name, target: descriptor }));
  const children = [manifest.config, ...manifest.layers].map((child) => child.digest);
  store.metadata.putImage(sealed, [{ descriptor, children }], names);
  return sealed;
}
