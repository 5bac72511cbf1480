import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import { throwIfCancelled } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { describeDocument, makeManifest, type StoredDocument } from '../image/build-image.ts';
import { type ArchiveImage, type ArchiveLayer, writeDockerArchive } from '../image/docker-archive-writer.ts';
import type { ImageFacts, ImageName } from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { SaveRequest } from './engine.ts';
import { imagesMeant } from './images-meant.ts';
import { sinceLayers } from './since-layers.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, readOwnDocument } from './store/documents.ts';
import { imageForm } from './store/image-form.ts';
import { requireVariant, storedDescriptor } from './store/layer-variant.ts';
import type { Store } from './store/store.ts';
import { wholeContent } from './store/whole-content.ts';

/**
 * Writes images as an archive that `docker load` and OCI tools read. Names are resolved before the first
 * byte. With `since`, layers that those have are left out: only `load` puts them in again. Throws
 * `IMAGE_UNKNOWN`, `INVALID_REFERENCE`, `BLOB_UNKNOWN`, `FILE_NOT_FOUND`, `INVALID_ARCHIVE`.
 */
export async function* save(
  deps: { readonly store: Store },
  request: SaveRequest,
  options: VerbOptions = {},
): ByteSource {
  const { store } = deps;
  const chosen = await chooseImages(store, request.images);
  const since = await sinceLayers(store, request.since ?? [], options.signal);
  await using lease = await store.metadata.acquireLease('save');
  const images: ArchiveImage[] = [];
  for (const { facts, names } of chosen) {
    lease.add(...store.contentOf(facts));
    images.push(await archiveImage(store, facts, names, since));
  }
  const archive = writeDockerArchive(images, store.blobs, { uncompressed: request.uncompressed === true });
  for await (const chunk of archive) {
    throwIfCancelled(options.signal);
    yield chunk;
  }
  store.metadata.noteUse(...chosen.map(({ facts }) => facts.id));
}

interface ChosenImage {
  readonly facts: ImageFacts;
  readonly names: readonly ImageName[];
}

/** Each image once, in each form that its names have. */
async function chooseImages(store: Store, texts: readonly string[]): Promise<ChosenImage[]> {
  const chosen = new Map<string, { readonly facts: ImageFacts; readonly names: Map<string, ImageName> }>();
  for (const text of texts)
    for (const resolved of imagesMeant(store.metadata, text)) {
      const facts = await imageForm(store, resolved);
      const key = `${facts.id} ${facts.manifest.digest}`;
      const entry = chosen.get(key) ?? { facts, names: new Map() };
      chosen.set(key, entry);
      const { name } = resolved;
      if (name?.ref.tag !== undefined) entry.names.set(JSON.stringify(name.ref), name);
    }
  return [...chosen.values()].map(({ facts, names }) => ({ facts, names: [...names.values()] }));
}

/** `since`: layers, by diffID, that are left out. */
async function archiveImage(
  store: Store,
  facts: ImageFacts,
  names: readonly ImageName[],
  since: ReadonlySet<Digest>,
): Promise<ArchiveImage> {
  const { blobs } = store;
  const target = names[0]?.target;
  const layers: ArchiveLayer[] = [];
  for (const layer of facts.layers) {
    const record = await requireVariant(store, layer);
    layers.push({ ...record, isOmitted: since.has(record.diffID) });
  }
  const manifest = await archiveManifest(store, facts, layers);
  const config = describeDocument(
    parseManifest(manifest.bytes).config.mediaType,
    await readOwnDocument(blobs, facts.id, MAX_CONFIG_BYTES),
  );
  const index =
    target && isIndexType(target.mediaType) ? await archiveIndex(store, target, since) : undefined;
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

async function archiveIndex(store: Store, target: Descriptor, since: ReadonlySet<Digest>) {
  const contents = await wholeContent(store.blobs, target);
  if (!contents) return undefined;
  const bytes = await readOwnDocument(store.blobs, target.digest, MAX_MANIFEST_BYTES);
  const isOmitted = (digest: Digest) => {
    const diffID = store.metadata.findLayer(digest)?.diffID;
    return diffID !== undefined && since.has(diffID);
  };
  return {
    document: { descriptor: target, bytes },
    contents: contents.slice(1).map((blob) => ({ ...blob, isOmitted: isOmitted(blob.digest) })),
  };
}
