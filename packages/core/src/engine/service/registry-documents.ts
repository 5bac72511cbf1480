import type { Digest } from '../../digest.ts';
import { isDigest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { requireShallow } from './json-depth.ts';

/** What a registry has to know of a manifest or index that it stores byte for byte. */
export interface PushedDocument {
  readonly mediaType: string;
  /** Content the document cannot do without: config and layers, or the manifests of an index. */
  readonly required: readonly Pick<Descriptor, 'mediaType' | 'digest' | 'size'>[];
  /** Content that may be elsewhere or come later: non-distributable layers. */
  readonly optional: readonly Digest[];
  /** Those of `required` that are blobs: config and layers. */
  readonly blobs: readonly Digest[];
  /** May be pushed later. */
  readonly subject?: Digest;
}

type Content = Pick<PushedDocument, 'required' | 'optional' | 'blobs'>;

/** What the list of a subject's referrers says of one. */
export interface ReferrerFacts {
  readonly subject?: string;
  /** Absent for an index that has none. */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

type JsonObject = Readonly<Record<string, unknown>>;

const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
const INDEX_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
/** Registries of old took these from `urls`. OCI image-spec v1.1, layer.md "Non-Distributable Layers". */
const FOREIGN =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.|docker\.image\.rootfs\.foreign\.)/;

/**
 * Reads a pushed document. `contentType` is the header's value, whose parameters are ignored; absent, the
 * document's own `mediaType` counts. Throws `INVALID_DOCUMENT`.
 * OCI distribution-spec v1.1, "Pushing Manifests"; image-spec v1.1, manifest.md and image-index.md.
 */
export function readPushedDocument(bytes: Uint8Array, contentType: string | undefined): PushedDocument {
  const document = parseObject(bytes);
  if (document.schemaVersion !== 2)
    throw invalid(`manifest has schemaVersion ${String(document.schemaVersion)}, want 2`);
  const mediaType = chooseMediaType(document, contentType);
  const content = INDEX_TYPES.has(mediaType) ? readIndex(document) : readManifest(document);
  if (document.subject === undefined || document.subject === null) return { mediaType, ...content };
  return { mediaType, ...content, subject: readDescriptor(document.subject, 'subject').digest };
}

/** Reads a stored manifest or index as a referrer. OCI distribution-spec v1.1, "Listing Referrers". */
export function readReferrerFacts(bytes: Uint8Array): ReferrerFacts {
  const { subject, artifactType, config, annotations } = parseObject(bytes);
  const own = typeof artifactType === 'string' && artifactType !== '' ? artifactType : undefined;
  const type = own ?? textIn(config, 'mediaType');
  const target = textIn(subject, 'digest');
  return {
    ...(target !== undefined && { subject: target }),
    ...(type !== undefined && { artifactType: type }),
    ...(isObject(annotations) && { annotations: annotations as Readonly<Record<string, string>> }),
  };
}

/** The digests that an index lists, as they stand there; none of another document. */
export function readIndexDigests(bytes: Uint8Array): string[] {
  const { manifests } = parseObject(bytes);
  if (!Array.isArray(manifests)) return [];
  return manifests.map((entry) => textIn(entry, 'digest')).filter((digest) => digest !== undefined);
}

function textIn(value: unknown, key: string): string | undefined {
  const found = isObject(value) ? value[key] : undefined;
  return typeof found === 'string' ? found : undefined;
}

function parseObject(bytes: Uint8Array): JsonObject {
  requireShallow(bytes);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WherryError('INVALID_DOCUMENT', 'manifest is not valid JSON', { cause });
  }
  return asObject(value, 'manifest');
}

function chooseMediaType(document: JsonObject, contentType: string | undefined): string {
  const sent = contentType?.split(';')[0]?.trim();
  const own = document.mediaType;
  if (own !== undefined && typeof own !== 'string') throw invalid('manifest mediaType is not a string');
  if (own && sent && own !== sent)
    throw invalid(`manifest mediaType is ${own.slice(0, 100)}, Content-Type ${sent.slice(0, 100)}`);
  const mediaType = own || sent;
  if (!mediaType) throw invalid('manifest has neither mediaType nor Content-Type');
  if (!MANIFEST_TYPES.has(mediaType) && !INDEX_TYPES.has(mediaType))
    throw invalid(`manifest has unsupported media type ${mediaType.slice(0, 100)}`);
  return mediaType;
}

function readIndex(document: JsonObject): Content {
  // A document that reads as both could pass here as one and be used as the other.
  if (document.layers !== undefined || document.config !== undefined)
    throw invalid('index has config or layers');
  const manifests = asArray(document.manifests, 'manifests');
  return {
    required: manifests.map((entry, at) => readDescriptor(entry, `manifests[${at}]`)),
    optional: [],
    blobs: [],
  };
}

function readManifest(document: JsonObject): Content {
  if (document.manifests !== undefined) throw invalid('image manifest has manifests');
  const required = [readDescriptor(document.config, 'config')];
  const optional: Digest[] = [];
  asArray(document.layers, 'layers').forEach((entry, at) => {
    const layer = readDescriptor(entry, `layers[${at}]`);
    if (FOREIGN.test(layer.mediaType)) optional.push(layer.digest);
    else required.push(layer);
  });
  return { required, optional, blobs: required.map((blob) => blob.digest) };
}

function readDescriptor(value: unknown, where: string): Pick<Descriptor, 'mediaType' | 'digest' | 'size'> {
  const { mediaType, digest, size } = asObject(value, where);
  if (typeof mediaType !== 'string' || mediaType === '') throw invalid(`${where} has no mediaType`);
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(`${where} has no valid digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`${where} has no valid size`);
  return { mediaType, digest, size };
}

function asObject(value: unknown, where: string): JsonObject {
  if (!isObject(value)) throw invalid(`${where} is not an object`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asArray(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${where} is not a list`);
  return value;
}

function invalid(message: string): WherryError {
  return new WherryError('INVALID_DOCUMENT', message);
}
