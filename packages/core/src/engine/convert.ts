import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import type { StoredDocument } from '../image/build-image.ts';
import { convertManifest } from '../image/convert-manifest.ts';
import type { ImageFacts, ImageLayer, ImageName, LayerRecord } from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Manifest, parseManifest } from '../oci/manifest.ts';
import { isForeignLayerType, isIndexType } from '../oci/media-types.ts';
import { formatPlatform } from '../platform.ts';
import { familiarName, formatReference, type Reference, sameRepository } from '../reference.ts';
import { type LayerPacking, repackLayer } from './layers/repack-layer.ts';
import type { SealDeps } from './layers/seal.ts';
import { forEachLimited } from './limiter.ts';
import { type ResolvedImage, resolveImage } from './resolve.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument, storeDocument } from './store/documents.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';
import { imageForm } from './store/image-form.ts';
import { requireLayerVariant, storedCompression } from './store/layer-variant.ts';
import type { Store } from './store/store.ts';
import { tagTarget } from './tag.ts';

export type { LayerPacking } from './layers/repack-layer.ts';

export interface ConvertDeps extends SealDeps {
  readonly now: () => Date;
  /** Layers packed at once. */
  readonly jobs: number;
}

export interface ConvertRequest {
  /** What the user typed: a name, an ID or a prefix of one. */
  readonly image: string;
  readonly compression: LayerPacking;
  /** 1 to 9 for gzip, 1 to 19 for zstd; with it, layers that are packed so already are packed anew. */
  readonly level?: number;
  /** A name for the result, and the image keeps what it has; absent: the tag in `image` moves to the result. */
  readonly ref?: Reference;
}

export interface ConvertResult {
  /** As before: a config does not tell how layers are packed. */
  readonly id: Digest;
  /** The manifest of the result. */
  readonly target: Descriptor;
  /** The name of the result; absent: the image has none. */
  readonly ref?: Reference;
}

const MAX_LEVEL: Readonly<Record<LayerPacking, number>> = { gzip: 9, zstd: 19, none: 0 };

/** One conversion under way. */
interface Conversion {
  readonly deps: ConvertDeps;
  readonly request: ConvertRequest;
  readonly resolved: ResolvedImage;
  /** The image as it is converted. */
  readonly source: ImageFacts;
  readonly manifest: Manifest;
  /** The tag that the result gets. */
  readonly ref: Reference | undefined;
}

/**
 * Packs the layers of an image in another way. The tars, the config and so the image's ID stay; the manifest is
 * new, and the old one stays as long as a name leads to it. The same image gives the same manifest. Throws
 * `IMAGE_UNKNOWN`, `INVALID_ARGUMENT`, `CONFLICT` when the name moved meanwhile, `UNSUPPORTED` for layers that
 * are not to be distributed.
 */
export async function convert(
  deps: ConvertDeps,
  request: ConvertRequest,
  options: VerbOptions = {},
): Promise<ConvertResult> {
  const { store } = deps;
  requireLevel(request);
  const resolved = resolveImage(store.metadata, request.image);
  const ref = request.ref ? tagTarget(request.ref) : ownTag(store, resolved, request.image);
  const source = await imageForm(store, resolved);
  const manifest = parseManifest(
    await readOwnDocument(store.blobs, source.manifest.digest, MAX_MANIFEST_BYTES),
  );
  tellOfIndex(resolved, options);
  const foreign = manifest.layers.find(({ mediaType }) => isForeignLayerType(mediaType));
  if (foreign)
    throw new WherryError(
      'UNSUPPORTED',
      `layer ${foreign.digest} is not to be distributed: cannot convert it`,
    );
  const candidates = new Set(store.contentOf(resolved.facts));
  try {
    const conversion = { deps, request, resolved, source, manifest, ref };
    return await convertHeld(conversion, candidates, options);
  } finally {
    // The old form where no name has it any more, or, after a failure, what there is of the new one.
    await sweepDuplicates(store, candidates);
  }
}

function tellOfIndex({ facts, name }: ResolvedImage, { onProgress }: VerbOptions): void {
  if (!name || !isIndexType(name.target.mediaType)) return;
  const message = `${familiarName(name.ref)}: the result is for ${formatPlatform(facts.platform)} alone`;
  onProgress?.({ kind: 'warning', message });
}

function requireLevel({ compression, level }: ConvertRequest): void {
  const max = MAX_LEVEL[compression];
  if (level === undefined || (Number.isSafeInteger(level) && level >= 1 && level <= max)) return;
  const wanted = max === 0 ? 'plain layers have none' : `want 1 to ${max}`;
  throw new WherryError('INVALID_ARGUMENT', `invalid level ${level} for ${compression}: ${wanted}`);
}

/** The tag that moves to the result. A digest stands for what it is the digest of, and an ID for all its names. */
function ownTag(store: Store, { facts, name }: ResolvedImage, image: string): Reference | undefined {
  if (name?.ref.tag !== undefined) return name.ref;
  if (store.metadata.namesOf(facts.id).length === 0) return undefined;
  throw new WherryError('INVALID_ARGUMENT', `${image} is no tag that could move to the result`, {
    hint: 'name the result with --tag',
  });
}

async function convertHeld(
  conversion: Conversion,
  candidates: Set<Digest>,
  options: VerbOptions,
): Promise<ConvertResult> {
  const { deps, source, manifest, request, ref } = conversion;
  const { store } = deps;
  const signal = options.signal ?? new AbortController().signal;
  await using lease = await store.metadata.acquireLease(`convert ${source.id}`);
  lease.add(...candidates);
  const hold = (digest: Digest) => {
    candidates.add(digest);
    lease.add(digest);
  };
  const layers = await repackAll(conversion, hold, { ...options, signal });
  const isNew = layers.some(({ digest }, i) => digest !== source.layers[i]?.digest);
  const packed = layers.map(({ digest, size }, i) => {
    const annotations = manifest.layers[i]?.digest === digest ? manifest.layers[i].annotations : undefined;
    return { digest, size, ...(annotations && { annotations }) };
  });
  const document = isNew ? convertManifest(manifest, packed, request.compression) : undefined;
  const target = document?.descriptor ?? source.manifest;
  if (document) {
    hold(target.digest);
    await storeDocument(store.blobs, target, document.bytes, signal);
  }
  store.metadata.atomically(() => recordForm(conversion, layers, target, document));
  store.metadata.noteUse(source.id);
  await store.publishIndex();
  return { id: source.id, target, ...(ref && { ref }) };
}

/** The layers as they are to be: those that are packed so already, when no level was asked for, stay. */
async function repackAll(
  { deps, source, request }: Conversion,
  hold: (digest: Digest) => void,
  options: VerbOptions & { readonly signal: AbortSignal },
): Promise<LayerRecord[]> {
  const { store, jobs } = deps;
  const { compression: packing, level } = request;
  const { onProgress: emit = () => undefined } = options;
  const packed = new Map<ImageLayer, LayerRecord>();
  await forEachLimited(source.layers, jobs, options.signal, async (layer, signal) => {
    const record = await requireLayerVariant(store, layer);
    const isPacked = record.digest === layer.digest && storedCompression(store, layer.digest) === packing;
    const repack = { packing, hold, emit, signal, ...(level !== undefined && { level }) };
    packed.set(layer, isPacked && level === undefined ? record : await repackLayer(deps, record, repack));
  });
  return source.layers.map((layer) => {
    const record = packed.get(layer);
    if (record === undefined) throw new Error('every layer was packed');
    return record;
  });
}

/** Records the new manifest and gives it its name; the image itself follows when no name has the old one. */
function recordForm(
  { deps, resolved, source, ref }: Conversion,
  layers: readonly LayerRecord[],
  target: Descriptor,
  document: StoredDocument | undefined,
): void {
  const { metadata } = deps.store;
  const { mediaType, digest, size } = target;
  const named = { target: { mediaType, digest, size }, imageId: source.id, taggedAt: deps.now() };
  const old = requireImage(deps.store, source.id);
  if (resolved.name && ref && formatReference(ref) === formatReference(resolved.name.ref)) {
    requireUnmoved(deps.store, resolved.name);
    for (const stale of staleDigests(deps.store, resolved.name)) metadata.deleteName(stale.ref);
  }
  const children = [source.id, ...layers.map((layer) => layer.digest)];
  const documents = document ? [{ descriptor: target, children }] : [];
  metadata.putImage(old, documents, ref ? [{ ref, ...named }] : []);
  const others = metadata.namesOf(source.id).map((name) => name.target.digest);
  if (metadata.descendants(others).has(old.manifest.digest)) return;
  const form = old.layers.map((layer, i) => ({ ...layer, digest: layers[i]?.digest ?? layer.digest }));
  metadata.putImage({ ...old, manifest: named.target, layers: form }, [], []);
}

/** Another process may have removed the image: it is not to come back nameless or half. */
function requireImage({ metadata }: Store, id: Digest): ImageFacts {
  const facts = metadata.findImage(id);
  if (facts) return facts;
  throw new WherryError('IMAGE_UNKNOWN', `No such image: ${id}`, { details: { id } });
}

function requireUnmoved({ metadata }: Store, name: ImageName): void {
  const now = metadata.findName(name.ref)?.target.digest;
  if (now === name.target.digest) return;
  throw new WherryError('CONFLICT', `${familiarName(name.ref)}: names ${now ?? 'nothing'} now`, {
    hint: 'another process changed the name; try again',
  });
}

/** Digests of the tag's repository that no tag stands for once this one has moved: they would keep the old form. */
function staleDigests({ metadata }: Store, moved: ImageName): ImageName[] {
  const old = metadata
    .namesOf(moved.imageId)
    .filter((name) => sameRepository(name.ref, moved.ref) && name.target.digest === moved.target.digest);
  const hasOtherTag = old.some(({ ref: { tag } }) => tag !== undefined && tag !== moved.ref.tag);
  return hasOtherTag ? [] : old.filter(({ ref }) => ref.tag === undefined);
}
