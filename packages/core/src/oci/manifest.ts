import { WherryError } from '../errors.ts';
import { type Descriptor, readDescriptor } from './descriptor.ts';
import { arrayAt, invalid, type JsonObject, optionalStringAt, readJsonObject, stringMapAt } from './json.ts';
import { isIndexType, isManifestType, isSchema1Type, MEDIA_TYPES } from './media-types.ts';

/** An image for one platform: its config and its layers, base first. OCI image-spec v1.1, manifest.md. */
export interface Manifest {
  /** The document's own; OCI's where it has none. */
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Far above what any file system can mount. */
const MAX_LAYERS = 10_000;

/**
 * Reads an image manifest, OCI's or Docker's schema 2. The bytes stay the truth: keep them, unknown fields
 * are not in the result. Throws `INVALID_DOCUMENT`, saying where; `UNSUPPORTED` for schema 1.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const object = readJsonObject(bytes, 'manifest');
  refuseSchema1(object);
  const mediaType = optionalStringAt(object.mediaType, 'manifest.mediaType') || MEDIA_TYPES.ociManifest;
  if (!isManifestType(mediaType))
    throw invalid('manifest.mediaType', `${mediaType} is not an image manifest`);
  // A document that is both a manifest and an index means different things to different readers (CVE-2021-41190).
  if (object.manifests != null) throw invalid('manifest.manifests', 'only an index can have it');
  if (object.config == null) throw invalid('manifest.config', 'missing');
  const artifactType = optionalStringAt(object.artifactType, 'manifest.artifactType');
  const annotations = stringMapAt(object.annotations, 'manifest.annotations');
  return {
    mediaType,
    config: readDescriptor(object.config, 'manifest.config'),
    layers: arrayAt(object.layers, 'manifest.layers', MAX_LAYERS).map((layer, index) =>
      readDescriptor(layer, `manifest.layers[${index}]`),
    ),
    ...(artifactType !== undefined && { artifactType }),
    ...(object.subject != null && { subject: readDescriptor(object.subject, 'manifest.subject') }),
    ...(annotations && { annotations }),
  };
}

/**
 * The media type of an index or manifest that came without one (in a file, in a layout): its own, or what
 * its fields say. Throws `INVALID_DOCUMENT` for what is neither, `UNSUPPORTED` for schema 1.
 */
export function documentMediaType(bytes: Uint8Array): string {
  const object = readJsonObject(bytes, 'document');
  refuseSchema1(object);
  const mediaType = optionalStringAt(object.mediaType, 'document.mediaType');
  if (mediaType && (isIndexType(mediaType) || isManifestType(mediaType))) return mediaType;
  if (mediaType) throw invalid('document.mediaType', `${mediaType} is neither an index nor a manifest`);
  if (Array.isArray(object.manifests)) return MEDIA_TYPES.ociIndex;
  if (object.config != null) return MEDIA_TYPES.ociManifest;
  throw invalid('document', 'neither an index nor a manifest');
}

/** Throws `UNSUPPORTED` for a manifest of the form that Docker gave up in 28.2. */
export function refuseSchema1(object: JsonObject): void {
  const mediaType = typeof object.mediaType === 'string' ? object.mediaType : '';
  if (object.schemaVersion !== 1 && !isSchema1Type(mediaType)) return;
  throw new WherryError(
    'UNSUPPORTED',
    'Docker Image manifest version 2, schema 1 is no longer supported: the image needs the OCI format or schema 2',
    { hint: 'ask its author to push the image again with a Docker of this decade' },
  );
}
