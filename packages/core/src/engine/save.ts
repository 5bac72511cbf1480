import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import { isWherryError, throwIfCancelled, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { describeDocument, makeManifest, type StoredDocument } from '../image/build-image.ts';
import { type ArchiveImage, type ArchiveLayer, writeDockerArchive } from '../image/docker-archive-writer.ts';
import type { ImageFacts, ImageName } from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import { parseAnyReference, type Reference, repositoryOf } from '../reference.ts';
import type { SaveRequest } from './engine.ts';
import { resolveImage } from './resolve.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, readOwnDocument } from './store/documents.ts';
import { requireVariant, storedDescriptor } from './store/layer-variant.ts';
import type { Store } from './store/store.ts';
import { wholeContent } from './store/whole-content.ts';

/**
 * Writes images as an archive that `docker load` and OCI tools read. Names are resolved before the first
 * byte. Throws `IMAGE_UNKNOWN`, `INVALID_REFERENCE`, `BLOB_UNKNOWN`.
 */
export async function* save(
  deps: { readonly store: Store },
  request: SaveRequest,
  options: VerbOptions = {},
): ByteSource {
  const { store } = deps;
  const chosen = new Map<Digest, { readonly facts: ImageFacts; readonly names: Map<string, ImageName> }>();
  for (const text of request.images)
    for (const { facts, name } of imagesMeant(store, text)) {
      const entry = chosen.get(facts.id) ?? { facts, names: new Map() };
      chosen.set(facts.id, entry);
      if (name?.ref.tag !== undefined) entry.names.set(JSON.stringify(name.ref), name);
    }
  await using lease = await store.metadata.acquireLease('save');
  const images: ArchiveImage[] = [];
  for (const { facts, names } of chosen.values()) {
    lease.add(...store.contentOf(facts));
    images.push(await archiveImage(store, facts, [...names.values()]));
  }
  const archive = writeDockerArchive(images, store.blobs, { uncompressed: request.uncompressed === true });
  for await (const chunk of archive) {
    throwIfCancelled(options.signal);
    yield chunk;
  }
}

/** A repository without a tag means all its tags; an ID, the image without names. */
function imagesMeant(store: Store, text: string): { facts: ImageFacts; name?: ImageName }[] {
  const { metadata } = store;
  const ref = parseAnyReference(text);
  if ('imageId' in ref) return [resolveImage(metadata, text)];
  if (ref.tag === undefined && ref.digest === undefined) {
    const tagged = metadata.listNames(repositoryOf(ref)).filter((name) => name.ref.tag !== undefined);
    const found = tagged.flatMap((name) => {
      const facts = metadata.findImage(name.imageId);
      return facts ? [{ facts, name }] : [];
    });
    if (found.length > 0) return found;
  }
  try {
    return [resolveImage(metadata, text)];
  } catch (error) {
    if (!isWherryError(error, 'IMAGE_UNKNOWN')) throw error;
    throw new WherryError('IMAGE_UNKNOWN', notFound(ref, text), { details: error.details, cause: error });
  }
}

function notFound(ref: Reference, text: string): string {
  return ref.tag === undefined && ref.digest === undefined
    ? `No such image: ${text}`
    : 'reference does not exist';
}

async function archiveImage(
  store: Store,
  facts: ImageFacts,
  names: readonly ImageName[],
): Promise<ArchiveImage> {
  const { blobs } = store;
  const target = names[0]?.target;
  const layers = await Promise.all(facts.layers.map((layer) => requireVariant(store, layer)));
  const manifest = await archiveManifest(store, facts, layers);
  const config = describeDocument(
    parseManifest(manifest.bytes).config.mediaType,
    await readOwnDocument(blobs, facts.id, MAX_CONFIG_BYTES),
  );
  const index = target && isIndexType(target.mediaType) ? await archiveIndex(store, target) : undefined;
  return { names: names.map((name) => name.ref), manifest, config, layers, ...(index && { index }) };
}

/** The image's manifest, or, where a layer is here in another compression only, one that says so. */
async function archiveManifest(
  store: Store,
  facts: ImageFacts,
  layers: readonly ArchiveLayer[],
): Promise<StoredDocument> {
  const bytes = await readOwnDocument(store.blobs, facts.manifest.digest, MAX_MANIFEST_BYTES);
  if (facts.layers.every((layer, i) => layers[i]?.digest === layer.digest))
    return { descriptor: facts.manifest, bytes };
  const { config, layers: original } = parseManifest(bytes);
  return makeManifest(
    config,
    layers.map((layer, i) => {
      const wanted = original[i];
      return wanted?.digest === layer.digest ? wanted : storedDescriptor(store, layer);
    }),
  );
}

async function archiveIndex(store: Store, target: Descriptor) {
  const contents = await wholeContent(store.blobs, target);
  if (!contents) return undefined;
  const bytes = await readOwnDocument(store.blobs, target.digest, MAX_MANIFEST_BYTES);
  return { document: { descriptor: target, bytes }, contents: contents.slice(1) };
}
