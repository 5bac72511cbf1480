import { WherryError } from '../errors.ts';
import { choosePlatform, formatPlatform, type Platform } from '../platform.ts';
import { type Descriptor, readDescriptor } from './descriptor.ts';
import { arrayAt, invalid, optionalStringAt, readJsonObject, stringMapAt } from './json.ts';
import { parseManifest, refuseSchema1 } from './manifest.ts';
import { isIndexType, isManifestType, MEDIA_TYPES } from './media-types.ts';

/** Images for several platforms; Docker's "manifest list". OCI image-spec v1.1, image-index.md. */
export interface Index {
  /** The document's own; OCI's where it has none. */
  readonly mediaType: string;
  /** Manifests, and indexes where they are nested; other things are not for us to refuse. */
  readonly manifests: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

const MAX_MANIFESTS = 10_000;

/** What BuildKit writes on the manifest of an attestation: that it is one, and of which manifest. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';

/**
 * Reads an index, OCI's or Docker's manifest list; `manifests` may be empty (old archives have `null`).
 * Throws `INVALID_DOCUMENT`, saying where.
 */
export function parseIndex(bytes: Uint8Array): Index {
  const object = readJsonObject(bytes, 'index');
  refuseSchema1(object);
  const mediaType = optionalStringAt(object.mediaType, 'index.mediaType') || MEDIA_TYPES.ociIndex;
  if (!isIndexType(mediaType)) throw invalid('index.mediaType', `${mediaType} is not an index`);
  for (const field of ['config', 'layers'])
    if (object[field] != null) throw invalid(`index.${field}`, 'only a manifest can have it');
  if (object.manifests === undefined) throw invalid('index.manifests', 'missing');
  const artifactType = optionalStringAt(object.artifactType, 'index.artifactType');
  const annotations = stringMapAt(object.annotations, 'index.annotations');
  return {
    mediaType,
    manifests: arrayAt(object.manifests, 'index.manifests', MAX_MANIFESTS).map((entry, index) =>
      readDescriptor(entry, `index.manifests[${index}]`),
    ),
    ...(artifactType !== undefined && { artifactType }),
    ...(object.subject != null && { subject: readDescriptor(object.subject, 'index.subject') }),
    ...(annotations && { annotations }),
  };
}

/** What an entry of an index attests to, as it says itself; `undefined` for what is no attestation. */
export function attestedDigest(entry: Descriptor): string | undefined {
  return isAttestation(entry) ? entry.annotations?.[REFERENCE_DIGEST] : undefined;
}

/** Tells whether an entry of an index attests to another one instead of being an image. */
export function isAttestation(entry: Descriptor): boolean {
  return (
    entry.annotations?.[REFERENCE_TYPE] !== undefined ||
    (entry.platform?.os === 'unknown' && entry.platform.architecture === 'unknown')
  );
}

/** The entries of an index that are images, or indexes of images. */
export function imageEntries(index: Pick<Index, 'manifests'>): Descriptor[] {
  return index.manifests.filter(
    (entry) => (isManifestType(entry.mediaType) || isIndexType(entry.mediaType)) && !isAttestation(entry),
  );
}

/**
 * Chooses the entry for `wanted`, or for `host` when nothing was asked for: the best match, the first of
 * equals, else the first entry that does not say its platform. The entry may be an index again.
 * Throws `PLATFORM_UNKNOWN` with Docker's message when there is none.
 */
export function resolvePlatform(index: Index, wanted: Platform | undefined, host: Platform): Descriptor {
  const platform = wanted ?? host;
  const entries = imageEntries(index);
  const best =
    entries[
      choosePlatform(
        platform,
        entries.map((entry) => entry.platform),
      )
    ];
  const entry = best ?? entries.find((each) => each.platform === undefined);
  if (entry) return entry;
  const there = [
    ...new Set(entries.flatMap((each) => (each.platform ? [formatPlatform(each.platform)] : []))),
  ];
  throw new WherryError(
    'PLATFORM_UNKNOWN',
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
    {
      hint:
        there.length === 0
          ? 'the index holds no image'
          : `the image is there for ${there.join(', ')}: take one with --platform ${there[0]}`,
      details: { platform: formatPlatform(platform), available: there },
    },
  );
}

/**
 * What a stored document names: the entries of an index, the config and layers of a manifest; nothing for
 * any other media type. Throws `INVALID_DOCUMENT`.
 */
export function documentChildren(mediaType: string, bytes: Uint8Array): readonly Descriptor[] {
  if (isIndexType(mediaType)) return parseIndex(bytes).manifests;
  if (!isManifestType(mediaType)) return [];
  const { config, layers } = parseManifest(bytes);
  return [config, ...layers];
}
