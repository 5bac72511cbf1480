import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import { throwIfCancelled, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { describeDocument, makeManifest, type StoredDocument } from '../image/build-image.ts';
import {
  type ArchiveImage,
  type ArchiveIndex,
  type ArchiveLayer,
  writeDockerArchive,
} from '../image/docker-archive-writer.ts';
import type { ImageFacts } from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { SaveRequest } from './engine.ts';
import { type ImageToSave, imagesToSave, type SaveDeps } from './selection/images-to-save.ts';
import type { PresentVariant } from './selection/platform-variants.ts';
import { sinceLayers } from './selection/since-layers.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, readOwnDocument } from './store/documents.ts';
import { requireLayerVariant, storedDescriptor } from './store/layer-variant.ts';
import type { Store } from './store/store.ts';
import { wholeContent } from './store/whole-content.ts';

/**
 * Writes images as an archive that `docker load` and OCI tools read. Names are resolved before the first
 * byte. With `since`, layers that those have are left out: only `load` puts them in again. Throws
 * `IMAGE_UNKNOWN`, `PLATFORM_UNKNOWN`, `INVALID_REFERENCE`, `INVALID_ARGUMENT`, `BLOB_UNKNOWN`, `FILE_NOT_FOUND`,
 * `INVALID_ARCHIVE`.
 */
export async function* save(deps: SaveDeps, request: SaveRequest, options: VerbOptions = {}): ByteSource {
  const { store } = deps;
  const chosen = await imagesToSave(deps, request);
  const since = await sinceLayers(store, request.since ?? [], options.signal);
  await using lease = await store.metadata.acquireLease('save');
  const images: ArchiveImage[] = [];
  for (const choice of chosen) {
    for (const facts of imagesOf(choice)) lease.add(...store.contentOf(facts));
    images.push(await archiveImage(store, choice, since));
  }
  const archive = writeDockerArchive(images, store.blobs, { uncompressed: request.uncompressed === true });
  for await (const chunk of archive) {
    throwIfCancelled(options.signal);
    yield chunk;
  }
  store.metadata.noteUse(...chosen.flatMap(imagesOf).map(({ id }) => id));
}

function imagesOf({ facts, variants = [] }: ImageToSave): ImageFacts[] {
  return [facts, ...variants.map((variant) => variant.facts)];
}

/** `since`: layers, by diffID, that are left out. */
async function archiveImage(
  store: Store,
  choice: ImageToSave,
  since: ReadonlySet<Digest>,
): Promise<ArchiveImage> {
  const { facts } = choice;
  const layers: ArchiveLayer[] = [];
  for (const layer of facts.layers) {
    const record = await requireLayerVariant(store, layer);
    layers.push({ ...record, isOmitted: since.has(record.diffID) });
  }
  const manifest = await archiveManifest(store, facts, layers);
  const config = describeDocument(
    parseManifest(manifest.bytes).config.mediaType,
    await readOwnDocument(store.blobs, facts.id, MAX_CONFIG_BYTES),
  );
  const index = await archiveIndex(store, choice, since);
  const names = choice.names.map(({ ref }) => ref);
  return { names, manifest, config, layers, ...(index && { index }) };
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

/** The index that the names stand for, with all it leads to, or with the images that were asked for. */
async function archiveIndex(
  { blobs, metadata }: Store,
  { names: [name], variants, index }: ImageToSave,
  since: ReadonlySet<Digest>,
): Promise<ArchiveIndex | undefined> {
  const target = variants ? index : name?.target;
  if (!target || !isIndexType(target.mediaType)) return undefined;
  const contents = variants
    ? await contentOfVariants(blobs, variants)
    : (await wholeContent(blobs, target))?.slice(1);
  if (!contents) return undefined;
  const bytes = await readOwnDocument(blobs, target.digest, MAX_MANIFEST_BYTES);
  const isOmitted = (digest: Digest) => {
    const diffID = metadata.findLayer(digest)?.diffID;
    return diffID !== undefined && since.has(diffID);
  };
  return {
    document: { descriptor: target, bytes },
    contents: contents.map((blob) => ({ ...blob, isOmitted: isOmitted(blob.digest) })),
  };
}

async function contentOfVariants(
  blobs: Store['blobs'],
  variants: readonly PresentVariant[],
): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for (const { manifest } of variants) {
    const content = await wholeContent(blobs, manifest);
    if (!content)
      throw new WherryError('BLOB_UNKNOWN', `image ${manifest.digest} is not in the store`, {
        hint: 'fetch it again with: wherry pull',
      });
    found.push(...content);
  }
  return found;
}
