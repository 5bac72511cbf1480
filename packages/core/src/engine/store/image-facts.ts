import { NodeHasher } from '../../bytes/node-hasher.ts';
import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import { chainIDs } from '../../layer/chain-id.ts';
import type { ImageFacts, LayerRecord } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type ImageConfig, imagePlatform } from '../../oci/image-config.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { choosePlatform, type Platform } from '../../platform.ts';

/** Puts together what listings need of an image whose layers have been passed over. */
export function imageFacts(
  manifestDescriptor: Descriptor,
  manifest: Manifest,
  config: ImageConfig,
  records: readonly LayerRecord[],
  parent?: Digest,
): ImageFacts {
  const chain = chainIDs(config.rootfs.diff_ids, () => new NodeHasher());
  const layers = manifest.layers.map((layer, i) => {
    const [record, chainID] = [records[i], chain[i]];
    if (!record || !chainID) throw new Error('an image needs a record for each of its layers');
    return { digest: layer.digest, diffID: record.diffID, chainID, contentSize: record.contentSize };
  });
  return {
    id: manifest.config.digest,
    manifest: {
      mediaType: manifestDescriptor.mediaType,
      digest: manifestDescriptor.digest,
      size: manifestDescriptor.size,
    },
    ...(config.created !== undefined && { created: config.created }),
    platform: imagePlatform(config),
    size: layers.reduce((sum, layer) => sum + layer.contentSize, 0),
    ...(parent && { parent }),
    layers,
  };
}

/** Tells whether an image for `actual` serves where `wanted` was asked for. */
export function platformSatisfies(wanted: Platform, actual: Platform): boolean {
  return choosePlatform(wanted, [actual]) === 0;
}

/** Throws `DIFF_ID_MISMATCH` when the manifest has not one layer for each diffID of the config. */
export function requireSameLayerCount(manifest: Manifest, config: ImageConfig): void {
  const [have, want] = [manifest.layers.length, config.rootfs.diff_ids.length];
  if (have !== want)
    throw new WherryError(
      'DIFF_ID_MISMATCH',
      `layers from manifest don't match image configuration: the manifest has ${have}, the configuration ${want}`,
    );
}
