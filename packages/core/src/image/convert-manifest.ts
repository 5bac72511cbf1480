import type { Compression } from '../compression/compression.ts';
import { layerMediaType } from '../layer/media-type.ts';
import { type Descriptor, descriptorToJson } from '../oci/descriptor.ts';
import { writeJson } from '../oci/json.ts';
import type { Manifest } from '../oci/manifest.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { describeDocument, type StoredDocument, UNSEALED_ANNOTATION } from './build-image.ts';

/**
 * Writes the manifest of an image whose layers are packed anew, all in one way; config and annotations stay.
 * Docker's form stays where it can name the layers, with gzip; all else becomes OCI's. Base first; what other
 * tools wrote about the old bytes of a layer (its annotations) goes with them. The same input gives the same
 * bytes.
 */
export function convertManifest(
  source: Manifest,
  layers: readonly Pick<Descriptor, 'digest' | 'size' | 'annotations'>[],
  compression: Compression,
): StoredDocument {
  const isDocker = source.mediaType === MEDIA_TYPES.dockerManifest && compression === 'gzip';
  const mediaType = isDocker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest;
  const layerType = layerMediaType(compression, isDocker ? 'docker' : 'oci');
  // Plain layers were asked for here: the first push is not to pack them.
  const { [UNSEALED_ANNOTATION]: _, ...annotations } = source.annotations ?? {};
  return describeDocument(
    mediaType,
    writeJson({
      schemaVersion: 2,
      mediaType,
      config: descriptorToJson({
        ...source.config,
        mediaType: isDocker ? MEDIA_TYPES.dockerConfig : MEDIA_TYPES.ociConfig,
      }),
      layers: layers.map((layer) => descriptorToJson({ ...layer, mediaType: layerType })),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    }),
  );
}
