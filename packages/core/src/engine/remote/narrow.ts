import { collect } from '../../bytes/collect.ts';
import { WherryError } from '../../errors.ts';
import { describeDocument } from '../../image/build-image.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { imagePlatform, parseImageConfig } from '../../oci/image-config.ts';
import { isAttestation, parseIndex, resolvePlatform } from '../../oci/index-document.ts';
import { readJsonObject, writeJson } from '../../oci/json.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import { isConfigType, isIndexType } from '../../oci/media-types.ts';
import { formatPlatform, type Platform } from '../../platform.ts';
import type { RemoteDocument } from '../../registry/registry-client.ts';
import { MAX_CONFIG_BYTES } from '../store/documents.ts';
import { platformSatisfies } from '../store/image-facts.ts';
import type { CopySource } from './copy-ends.ts';
import { verifiedReads } from './verified-reads.ts';

/** The digest that an attestation of BuildKit's is about. */
const ATTESTED_DIGEST = 'vnd.docker.reference.digest';
const MAX_INDEX_DEPTH = 8;

/** What narrowing needs of a source. */
export type NarrowSource = Pick<CopySource, 'document' | 'blob'>;

/**
 * What of an image is for some platforms: the one manifest, or an index of those manifests and of what attests
 * to them, with the rest of the index as it was. Throws `PLATFORM_UNKNOWN`, telling which platforms there are.
 */
export async function narrowed(
  source: NarrowSource,
  root: RemoteDocument,
  platforms: readonly [Platform, ...Platform[]],
): Promise<RemoteDocument> {
  if (!isIndexType(root.descriptor.mediaType)) return checkedImage(source, root, platforms);
  const index = parseIndex(root.bytes);
  const chosen = new Set(platforms.map((wanted) => resolvePlatform(index, wanted, wanted)));
  const [only, another] = chosen;
  if (only !== undefined && another === undefined) return imageFor(source, only, platforms[0]);
  const digests = new Set<string>([...chosen].map(({ digest }) => digest));
  const isKept = (entry: Descriptor) =>
    chosen.has(entry) || (isAttestation(entry) && digests.has(entry.annotations?.[ATTESTED_DIGEST] ?? ''));
  const isWhole = index.manifests.every(isKept);
  return isWhole ? root : rewritten(root, index.manifests.map(isKept));
}

/** The manifest for one platform, in whatever depth of indexes it is. Throws `PLATFORM_UNKNOWN`. */
export async function imageFor(
  source: NarrowSource,
  descriptor: Descriptor,
  platform: Platform,
  fetched?: RemoteDocument,
): Promise<RemoteDocument> {
  let document = fetched ?? (await source.document(descriptor));
  for (let depth = 0; isIndexType(document.descriptor.mediaType); depth++) {
    if (depth > MAX_INDEX_DEPTH)
      throw new WherryError('INVALID_DOCUMENT', `indexes are nested deeper than ${MAX_INDEX_DEPTH} levels`);
    document = await source.document(resolvePlatform(parseIndex(document.bytes), platform, platform));
  }
  return document;
}

/** The bytes of an image's config, verified. Throws `UNSUPPORTED` for an artifact, `TOO_LARGE`. */
export async function configOf(source: NarrowSource, { config }: Manifest): Promise<Uint8Array> {
  if (!isConfigType(config.mediaType))
    throw new WherryError('UNSUPPORTED', `${config.mediaType} is the config of an artifact, not of an image`);
  if (config.size > MAX_CONFIG_BYTES)
    throw new WherryError(
      'TOO_LARGE',
      `config ${config.digest}: ${config.size} bytes, at most ${MAX_CONFIG_BYTES}`,
    );
  const read = verifiedReads(config, (range) => source.blob(config, range));
  return collect(read(), MAX_CONFIG_BYTES);
}

/** A lone manifest is for the platform that its config says. */
async function checkedImage(
  source: NarrowSource,
  root: RemoteDocument,
  platforms: readonly Platform[],
): Promise<RemoteDocument> {
  const actual = imagePlatform(parseImageConfig(await configOf(source, parseManifest(root.bytes))));
  const missing = platforms.find((wanted) => !platformSatisfies(wanted, actual));
  if (missing === undefined) return root;
  throw new WherryError(
    'PLATFORM_UNKNOWN',
    `the image is for ${formatPlatform(actual)} alone, not for ${formatPlatform(missing)}`,
    { details: { platform: formatPlatform(missing), available: [formatPlatform(actual)] } },
  );
}

/** The index without some of its entries; those that stay keep every field. */
function rewritten({ descriptor, bytes }: RemoteDocument, kept: readonly boolean[]): RemoteDocument {
  const raw = readJsonObject(bytes, 'index');
  const manifests = (Array.isArray(raw.manifests) ? raw.manifests : []).filter((_, at) => kept[at]);
  return describeDocument(descriptor.mediaType, writeJson({ ...raw, manifests }));
}
