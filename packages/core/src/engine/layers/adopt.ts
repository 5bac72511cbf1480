import type { Digest } from '../../digest.ts';
import type { DocumentRecord, ImageFacts, LayerRecord } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseImageConfig } from '../../oci/image-config.ts';
import { parseIndex } from '../../oci/index-document.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import { isConfigType, isIndexType, isLayerType } from '../../oci/media-types.ts';
import type { Platform } from '../../platform.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, readDocument } from '../store/documents.ts';
import { imageFacts, platformSatisfies, requireSameLayerCount } from '../store/image-facts.ts';
import { type LayerFetchDeps, scanStoredLayer } from './layer-fetch.ts';

export interface AdoptDeps extends Pick<LayerFetchDeps, 'store' | 'passes'> {
  readonly host: Platform;
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
 * whose content is not here are left out. Throws `INVALID_DOCUMENT`, `DIFF_ID_MISMATCH`, `BLOB_UNKNOWN`.
 */
export async function adoptTarget(
  deps: AdoptDeps,
  target: Descriptor,
  signal?: AbortSignal,
): Promise<Adopted> {
  const images: ImageFacts[] = [];
  const documents: DocumentRecord[] = [];
  await visit(deps, target, images, documents, signal);
  const rank = (facts: ImageFacts) => (platformSatisfies(deps.host, facts.platform) ? 0 : 1);
  return { images: images.sort((a, b) => rank(a) - rank(b)), documents };
}

async function visit(
  deps: AdoptDeps,
  descriptor: Descriptor,
  images: ImageFacts[],
  documents: DocumentRecord[],
  signal?: AbortSignal,
): Promise<void> {
  const { blobs } = deps.store;
  const bytes = await readDocument(blobs, descriptor.digest, MAX_MANIFEST_BYTES);
  if (isIndexType(descriptor.mediaType)) {
    const { manifests } = parseIndex(bytes);
    documents.push({ descriptor, children: digestsOf(manifests) });
    for (const child of manifests)
      if (await blobs.stat(child.digest)) await visit(deps, child, images, documents, signal);
    return;
  }
  const manifest = parseManifest(bytes);
  documents.push({ descriptor, children: digestsOf([manifest.config, ...manifest.layers]) });
  if (isImage(manifest) && (await blobs.stat(manifest.config.digest)))
    images.push(await adoptImage(deps, descriptor, manifest, signal));
}

/** An index may hold attestations and other artifacts, whose layers are no tars. */
export function isImage(manifest: Manifest): boolean {
  return (
    isConfigType(manifest.config.mediaType) && manifest.layers.every((layer) => isLayerType(layer.mediaType))
  );
}

async function adoptImage(
  deps: AdoptDeps,
  descriptor: Descriptor,
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<ImageFacts> {
  const config = parseImageConfig(
    await readDocument(deps.store.blobs, manifest.config.digest, MAX_CONFIG_BYTES),
  );
  requireSameLayerCount(manifest, config);
  const records: LayerRecord[] = [];
  for (const [i, layer] of manifest.layers.entries())
    records.push(await scanStoredLayer(deps, layer.digest, config.rootfs.diff_ids[i], signal));
  return imageFacts(descriptor, manifest, config, records);
}

function digestsOf(descriptors: readonly Descriptor[]): Digest[] {
  return descriptors.map(({ digest }) => digest);
}
