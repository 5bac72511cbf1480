import type { Digest } from '../../digest.ts';
import { isDigest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';

/** What a registry has to know of a manifest or index that it stores byte for byte. */
export interface PushedDocument {
  readonly mediaType: string;
  /** Content the document cannot do without: config and layers, or the manifests of an index. */
  readonly required: readonly Pick<Descriptor, 'mediaType' | 'digest' | 'size'>[];
  /** Content that may be elsewhere or come later: non-distributable layers. */
  readonly optional: readonly Digest[];
  /** May be pushed later. */
  readonly subject?: Digest;
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

function parseObject(bytes: Uint8Array): JsonObject {
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

function readIndex(document: JsonObject): Pick<PushedDocument, 'required' | 'optional'> {
  // A document that reads as both could pass here as one and be used as the other.
  if (document.layers !== undefined || document.config !== undefined)
    throw invalid('index has config or layers');
  const manifests = asArray(document.manifests, 'manifests');
  return {
    required: manifests.map((entry, at) => readDescriptor(entry, `manifests[${at}]`)),
    optional: [],
  };
}

function readManifest(document: JsonObject): Pick<PushedDocument, 'required' | 'optional'> {
  if (document.manifests !== undefined) throw invalid('image manifest has manifests');
  const required = [readDescriptor(document.config, 'config')];
  const optional: Digest[] = [];
  asArray(document.layers, 'layers').forEach((entry, at) => {
    const layer = readDescriptor(entry, `layers[${at}]`);
    if (FOREIGN.test(layer.mediaType)) optional.push(layer.digest);
    else required.push(layer);
  });
  return { required, optional };
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
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${where} is not an object`);
  return value as JsonObject;
}

function asArray(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${where} is not a list`);
  return value;
}

function invalid(message: string): WherryError {
  return new WherryError('INVALID_DOCUMENT', message);
}
