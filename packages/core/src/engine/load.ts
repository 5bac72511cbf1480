import type { ByteSource } from '../bytes/byte-source.ts';
import type { BlobInfo } from '../content/blob-store.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { ProgressEvent, VerbOptions } from '../events.ts';
import type { StoredMember } from '../image/archive-members.ts';
import { type ArchiveContent, type ArchiveSink, readImageArchive } from '../image/archive-reader.ts';
import type { ArchivePlan, PlannedImage } from '../image/planned-image.ts';
import type { LayerFacts } from '../layer/layer-facts.ts';
import type { DocumentRecord, ImageFacts } from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { familiarName, type Reference } from '../reference.ts';
import { openArchive } from './archives/archive-source.ts';
import type { LoadedImage, LoadRequest } from './engine.ts';
import { type AdoptDeps, type Adopted, adoptTarget } from './layers/adopt.ts';
import { hasOwnBlobs, inOwnForm } from './layers/own-form.ts';
import { isUnsealed } from './layers/seal.ts';
import { storeLayer, storeLayerOrBlob } from './layers/store-layer.ts';
import { isPlatform, platformMissing } from './selection/platform-variants.ts';
import { storeDocument } from './store/documents.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';
import { isComplete, storedCompression } from './store/layer-variant.ts';
import type { Store } from './store/store.ts';

export interface LoadDeps extends AdoptDeps {
  readonly now: () => Date;
}

/** One load under way: what its steps share. */
interface Load {
  readonly deps: LoadDeps;
  /** Keeps a digest from the sweep until all is named. */
  readonly hold: (digest: Digest) => void;
  /** The archive's bytes were read here: nobody else has them. */
  readonly isOwned: boolean;
  /** Empty: whatever there is. */
  readonly platforms: readonly Platform[];
  readonly signal: AbortSignal;
  readonly emit: (event: ProgressEvent) => void;
}

/**
 * Reads images from an archive (`docker save`'s of any age, an OCI layout, packed or not) or a layout
 * directory. Layers are stored as they come. Throws `INVALID_ARCHIVE`, `INVALID_TAR`, `TRUNCATED`,
 * `DIFF_ID_MISMATCH`, `FILE_NOT_FOUND`, `PLATFORM_UNKNOWN`, `BLOB_UNKNOWN` for a layer that is neither in the
 * archive nor here; nothing is named before all of the archive was sound.
 */
export async function load(
  deps: LoadDeps,
  request: LoadRequest,
  options: VerbOptions = {},
): Promise<LoadedImage[]> {
  const { store } = deps;
  const stored = new Set<Digest>();
  const loaded = await loadOrSweep(deps, request, stored, options);
  await store.publishIndex();
  // What the archive brought and the store had already in another form.
  await sweepDuplicates(store, stored);
  for (const image of loaded) options.onProgress?.({ kind: 'image-loaded', ...image });
  return loaded;
}

/** What of a bad archive was sound is of no use to anybody. */
async function loadOrSweep(...args: Parameters<typeof loadHeld>): Promise<LoadedImage[]> {
  const [{ store }, , stored] = args;
  try {
    return await loadHeld(...args);
  } catch (error) {
    await store.sweep([...stored]);
    throw error;
  }
}

async function loadHeld(
  deps: LoadDeps,
  request: LoadRequest,
  stored: Set<Digest>,
  options: VerbOptions,
): Promise<LoadedImage[]> {
  const { store } = deps;
  const signal = options.signal ?? new AbortController().signal;
  await using lease = await store.metadata.acquireLease('load');
  const hold = (digest: Digest) => {
    stored.add(digest);
    lease.add(digest);
  };
  const { from, platforms = [] } = request;
  const isOwned = typeof from === 'string';
  const emit = options.onProgress ?? (() => undefined);
  const state: Load = { deps, hold, isOwned, platforms, signal, emit };
  const plan = await readImageArchive(await sourceOf(request), storingSink(state), {
    signal,
    findLayer: (diffID) => knownLayer(store, diffID),
  });
  for (const message of plan.warnings) state.emit({ kind: 'warning', message });
  return await nameImages(state, plan);
}

async function sourceOf({ from }: LoadRequest): Promise<ByteSource> {
  return typeof from === 'string' ? openArchive(from) : from;
}

function storingSink(state: Load): ArchiveSink {
  return (member) => (member.kind === 'layer' ? storeAsLayer(state, member) : storeAsBlob(state, member));
}

function storeAsLayer(state: Load, member: ArchiveContent) {
  const hold = ({ digest }: BlobInfo) => state.hold(digest);
  const { size } = member;
  // Under `blobs/` anything may lie that only looks like a layer; its name says what it must hash to.
  const store = member.digest === undefined ? storeLayer : storeLayerOrBlob;
  const { drained, stored } = store(state.deps, counted(state, member), {
    size,
    hold,
    signal: state.signal,
    isOwned: state.isOwned,
  });
  return { drained, stored: stored.then((found) => storedMember(state, member, found)) };
}

/** The layer as the archive had it, or, where its name does not say what it is, in the form the store has. */
async function storedMember(
  state: Load,
  member: ArchiveContent,
  found: LayerFacts | BlobInfo,
): Promise<StoredMember> {
  const { digest, size } = found;
  if (!('diffID' in found)) return { digest, size };
  const { diffID, compression } = found;
  const known = member.digest === undefined ? knownLayer(state.deps.store, diffID, digest) : undefined;
  if (known) state.hold(known.digest);
  else if (member.digest === undefined) tellWhole(state, diffID, member.size);
  return known ?? { digest, size, layer: { diffID, compression } };
}

function storeAsBlob(state: Load, member: ArchiveContent) {
  const stored = (async (): Promise<StoredMember> => {
    const { blobs } = state.deps.store;
    const { digest, size } = member;
    if (digest) state.hold(digest);
    const key = digest ?? `member-${member.name}`;
    await using writer = await blobs.begin(key, { size, ...(digest && { digest }), signal: state.signal });
    // The archive is read from its beginning: what another attempt left is read past.
    let skip = writer.offset;
    for await (const chunk of member.content) {
      if (chunk.length > skip) await writer.write(chunk.subarray(skip));
      skip = Math.max(0, skip - chunk.length);
    }
    return await writer.commit();
  })();
  stored.catch(() => undefined);
  return { drained: stored.then(() => undefined), stored };
}

/** Tells of a layer whose name was not known before all of it was read. */
function tellWhole(state: Load, digest: Digest, size: number): void {
  state.emit({ kind: 'layer', digest, phase: 'loading', current: size, total: size });
}

/** Tells of the bytes as they are read, where the member's name is a digest and can stand in for the layer's. */
async function* counted(state: Load, member: ArchiveContent): ByteSource {
  let current = 0;
  for await (const chunk of member.content) {
    current += chunk.length;
    yield chunk;
    if (member.digest)
      state.emit({ kind: 'layer', digest: member.digest, phase: 'loading', current, total: member.size });
  }
}

/** A layer that the store has, under another digest than `except`. */
function knownLayer(store: Store, diffID: Digest, except?: Digest): StoredMember | undefined {
  for (const { digest, size } of store.metadata.layersByDiffID(diffID)) {
    const compression = digest === except ? undefined : storedCompression(store, digest);
    if (compression) return { digest, size, layer: { diffID, compression } };
  }
  return undefined;
}

async function nameImages(state: Load, plan: ArchivePlan): Promise<LoadedImage[]> {
  const { store } = state.deps;
  for (const { descriptor, bytes } of plan.documents) {
    state.hold(descriptor.digest);
    await storeDocument(store.blobs, descriptor, bytes, state.signal);
  }
  const adopted: AdoptedImage[] = [];
  for (const image of plan.images) {
    const hasParent = (parent: Digest) =>
      adopted.some(({ chosen }) => chosen.id === parent) || store.metadata.findImage(parent) !== undefined;
    adopted.push(await adopt(state, image, plan.omitted, hasParent));
  }
  const taggedAt = state.deps.now();
  const loaded: LoadedImage[] = [];
  for (const { refs, target, chosen, others, documents } of adopted) {
    for (const facts of others) store.metadata.putImage(facts, [], []);
    const names = refs.map((ref) => ({ ref, target, imageId: chosen.id, taggedAt }));
    store.metadata.putImage(chosen, documents, names);
    store.metadata.noteUse(chosen.id, ...others.map(({ id }) => id));
    if (names.length === 0) loaded.push({ id: chosen.id });
    for (const { ref } of names) loaded.push({ ref, id: chosen.id });
  }
  return loaded;
}

interface AdoptedImage {
  readonly refs: readonly Reference[];
  readonly target: Descriptor;
  readonly chosen: ImageFacts;
  readonly others: readonly ImageFacts[];
  readonly documents: readonly DocumentRecord[];
}

async function adopt(
  state: Load,
  image: PlannedImage,
  omitted: ReadonlySet<Digest>,
  hasParent: (id: Digest) => boolean,
): Promise<AdoptedImage> {
  const { store } = state.deps;
  const { images, documents } = await adoptWanted(state, image, omitted);
  const found = images.find((facts) => facts.id === image.imageId) ?? images[0];
  if (!found)
    throw new WherryError(
      'INVALID_ARCHIVE',
      `index ${image.target.digest}: none of its images is in the archive`,
    );
  const others = images.filter((facts) => facts !== found);
  const known = store.metadata.findImage(found.id);
  const isWhole = await hasOwnBlobs(store, found);
  // An image that is here in its lasting form is not put back into the one it had in an archive.
  const isWorse = !isWhole || (await isUnsealed(store, image.target));
  if (known && isWorse && (await isComplete(store, known)))
    return { refs: image.names, target: known.manifest, chosen: known, others, documents: [] };
  const own = isWhole ? undefined : await inOwnForm(store, found, state.hold, state.signal);
  const chosen = own?.facts ?? found;
  const parent = image.parent && hasParent(image.parent) ? image.parent : undefined;
  return {
    refs: image.names,
    target: isIndexType(image.target.mediaType) ? image.target : chosen.manifest,
    chosen: parent ? { ...chosen, parent } : chosen,
    others,
    documents: own ? [...documents, own.document] : documents,
  };
}

/** The images for the platforms that were asked for. Throws `PLATFORM_UNKNOWN` when one of them is not there. */
async function adoptWanted(state: Load, image: PlannedImage, omitted: ReadonlySet<Digest>): Promise<Adopted> {
  const { platforms, signal } = state;
  const deps = { ...state.deps, hold: state.hold, omitted };
  if (platforms.length === 0) return await adoptTarget(deps, image.target, { signal });
  const missing = new Set(platforms);
  const wants = (actual: Platform) => {
    const matching = platforms.filter((wanted) => isPlatform(wanted, actual));
    for (const wanted of matching) missing.delete(wanted);
    return matching.length > 0;
  };
  const adopted = await adoptTarget(deps, image.target, { signal, wants });
  const [wanted] = missing;
  if (wanted) {
    const [name] = image.names;
    throw platformMissing(name ? familiarName(name) : (image.imageId ?? image.target.digest), wanted);
  }
  return adopted;
}
