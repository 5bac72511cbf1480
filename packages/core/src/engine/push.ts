import type { Digest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { ProgressEvent, VerbOptions } from '../events.ts';
import type { ImageFacts, ImageName } from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex } from '../oci/index-document.ts';
import { type Manifest, parseManifest } from '../oci/manifest.ts';
import { isForeignLayerType, isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import {
  familiarName,
  formatReference,
  type Reference,
  repositoryOf,
  sameRepository,
  withDefaultTag,
  withDigest,
} from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { PlatformChoice, PushAllRequest, PushRequest, PushResult } from './engine.ts';
import { blobSource } from './layers/blob-source.ts';
import { type SealDeps, sealImage } from './layers/seal.ts';
import { forEachLimited } from './limiter.ts';
import { requireVariant, variantsOf } from './selection/platform-variants.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from './store/documents.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';
import { imageForm } from './store/image-form.ts';
import type { Store } from './store/store.ts';
import { wholeContent } from './store/whole-content.ts';

export interface PushDeps extends SealDeps {
  readonly store: Store;
  readonly registry: RegistryClient;
  /** Blobs on their way at once. */
  readonly jobs: number;
  readonly now: () => Date;
}

/** One push under way: what its steps share. */
interface Push {
  readonly deps: PushDeps;
  readonly repository: Reference;
  /** The one image of an index that is to be pushed, and without the index. */
  readonly platform: Platform | undefined;
  readonly emit: (event: ProgressEvent) => void;
  readonly signal: AbortSignal;
  /** Blobs sent or seen in this push. */
  readonly settled: Map<Digest, Promise<void>>;
}

/**
 * Uploads an image under one of its names: the bytes that were pulled, so digests never change. Blobs that
 * the registry has, in this repository or another, are not sent. Throws `TAG_UNKNOWN`, the registry's codes.
 */
export async function push(
  deps: PushDeps,
  request: PushRequest,
  options: VerbOptions = {},
): Promise<PushResult> {
  const ref = withDefaultTag(request.ref);
  const name = deps.store.metadata.findName(ref);
  if (!name) throw unknownTag(ref, deps.store);
  return pushName(startPush(deps, ref, request, options), name);
}

/** Every tag of a repository that is in the store. */
export async function pushAllTags(
  deps: PushDeps,
  request: PushAllRequest,
  options: VerbOptions = {},
): Promise<PushResult[]> {
  const names = deps.store.metadata
    .listNames(request.repository)
    .filter((name) => name.ref.tag !== undefined && sameRepository(name.ref, request.repository));
  if (names.length === 0) throw unknownTag(request.repository, deps.store);
  const state = startPush(deps, request.repository, request, options);
  const results: PushResult[] = [];
  for (const name of names) results.push(await pushName(state, name));
  return results;
}

function startPush(deps: PushDeps, ref: Reference, { platform }: PlatformChoice, options: VerbOptions): Push {
  const emit = options.onProgress ?? (() => undefined);
  emit({ kind: 'pushing', ref });
  const signal = options.signal ?? new AbortController().signal;
  return { deps, repository: repositoryOf(ref), platform, emit, signal, settled: new Map() };
}

function unknownTag(ref: Reference, store: Store): WherryError {
  const known = store.metadata.listNames(repositoryOf(ref)).some((name) => name.ref.tag !== undefined);
  return known && ref.tag !== undefined
    ? new WherryError('TAG_UNKNOWN', `tag does not exist: ${familiarName(ref)}`)
    : new WherryError(
        'TAG_UNKNOWN',
        `An image does not exist locally with the tag: ${familiarName(repositoryOf(ref))}`,
      );
}

async function pushName(state: Push, name: ImageName): Promise<PushResult> {
  const { store } = state.deps;
  const shown = store.metadata.findImage(name.imageId);
  if (!shown) throw new WherryError('IMAGE_UNKNOWN', `No such image: ${familiarName(name.ref)}`);
  const { platform } = state;
  const variant =
    platform &&
    requireVariant(await variantsOf(store, { facts: shown, name }), platform, familiarName(name.ref));
  const facts = variant?.facts ?? shown;
  try {
    const target = await pushHeld(state, name, facts, variant?.manifest);
    const result = { ref: name.ref, target };
    state.emit({ kind: 'tag-pushed', ...result });
    return result;
  } finally {
    // A loaded image keeps the form it got for the journey, also when the registry refused it in the end.
    const isSealed = store.metadata.findImage(facts.id)?.manifest.digest !== facts.manifest.digest;
    if (isSealed) await sweepDuplicates(store, store.contentOf(facts));
    await store.publishIndex();
  }
}

/**
 * Pushes under a lease, which ends before anything is given back; returns what the tag points to now. `only` is
 * the manifest to push in the place of the index.
 */
async function pushHeld(
  state: Push,
  name: ImageName,
  facts: ImageFacts,
  only: Descriptor | undefined,
): Promise<Descriptor> {
  const { store, registry } = state.deps;
  await using lease = await store.metadata.acquireLease(`push ${formatReference(name.ref)}`);
  lease.add(name.target.digest, ...store.contentOf(facts));
  const target =
    only && isIndexType(name.target.mediaType)
      ? await pushManifest(state, only, facts)
      : await pushTarget(state, name, facts, (digest) => lease.add(digest));
  const bytes = await readOwnDocument(store.blobs, target.digest, MAX_MANIFEST_BYTES);
  await registry.putManifest(name.ref, bytes, target.mediaType, state.signal);
  recordPushed(state, name, facts, target);
  return target;
}

/**
 * Sends all that the name's target needs; the tag then points to the target itself, or to the one manifest
 * when the rest of an index is neither here nor in the registry.
 */
async function pushTarget(
  state: Push,
  name: ImageName,
  facts: ImageFacts,
  hold: (digest: Digest) => void,
): Promise<Descriptor> {
  if (isIndexType(name.target.mediaType)) {
    if (await pushIndex(state, name.target)) return name.target;
    const message = `${familiarName(name.ref)}: only one platform of the index is here: pushing its manifest ${facts.manifest.digest}`;
    state.emit({ kind: 'warning', message });
    return await pushManifest(state, facts.manifest, facts);
  }
  const form = await imageForm(state.deps.store, { facts, name });
  const sealed = await sealImage(state.deps, form, { hold, emit: state.emit, signal: state.signal });
  return await pushManifest(state, sealed?.manifest ?? name.target, sealed ?? facts);
}

async function pushManifest(state: Push, manifest: Descriptor, facts: ImageFacts): Promise<Descriptor> {
  await pushManifestContent(state, manifest, facts);
  return manifest;
}

/** Sends an index's children; false, with nothing sent, when some are neither here nor in the registry. */
async function pushIndex(state: Push, target: Descriptor): Promise<boolean> {
  const { store, registry } = state.deps;
  const index = parseIndex(await readOwnDocument(store.blobs, target.digest, MAX_MANIFEST_BYTES));
  const here: Descriptor[] = [];
  for (const child of index.manifests) {
    if (await wholeContent(store.blobs, child)) here.push(child);
    else if (!(await registry.headManifest(withDigest(state.repository, child.digest), state.signal)))
      return false;
  }
  for (const child of here) {
    if (isIndexType(child.mediaType)) await pushIndex(state, child);
    else await pushManifestContent(state, child, undefined);
    const bytes = await readOwnDocument(store.blobs, child.digest, MAX_MANIFEST_BYTES);
    await registry.putManifest(
      withDigest(state.repository, child.digest),
      bytes,
      child.mediaType,
      state.signal,
    );
  }
  return true;
}

async function pushManifestContent(
  state: Push,
  descriptor: Descriptor,
  facts: ImageFacts | undefined,
): Promise<void> {
  const { store, jobs } = state.deps;
  const manifest = parseManifest(await readOwnDocument(store.blobs, descriptor.digest, MAX_MANIFEST_BYTES));
  const layers = pushedLayers(manifest, facts, store);
  const announced = announcing(state, layers);
  const blobs = [...layers.filter((layer) => !isForeignLayerType(layer.descriptor.mediaType))];
  blobs.sort((a, b) => b.descriptor.size - a.descriptor.size);
  try {
    await forEachLimited(
      [...blobs, { descriptor: manifest.config, shown: undefined }],
      jobs,
      state.signal,
      (blob) => pushBlobOnce(announced, blob.descriptor, blob.shown),
    );
  } catch (error) {
    // As Docker, which connects before it looks at the layers.
    if (!isWherryError(error, 'UNREACHABLE', 'TLS_FAILED', 'CANCELLED')) announced.announce();
    throw error;
  }
}

/** The push with its layers listed before anything else is said of them. */
function announcing(state: Push, layers: readonly { readonly shown: Digest }[]) {
  let isDone = false;
  const announce = () => {
    if (isDone) return;
    isDone = true;
    // Top first, as Docker lists them; under their diffIDs, which is how Docker names layers that leave.
    for (const { shown } of [...layers].reverse())
      state.emit({ kind: 'layer', digest: shown, phase: 'preparing' });
  };
  const emit = (event: ProgressEvent) => {
    announce();
    state.emit(event);
  };
  return { ...state, emit, announce };
}

function pushedLayers(manifest: Manifest, facts: ImageFacts | undefined, store: Store) {
  return manifest.layers.map((descriptor, i) => ({
    descriptor,
    shown:
      facts?.layers[i]?.diffID ?? store.metadata.findLayer(descriptor.digest)?.diffID ?? descriptor.digest,
  }));
}

/** A blob that several images of one push share is sent once. */
function pushBlobOnce(state: Push, descriptor: Descriptor, shown: Digest | undefined): Promise<void> {
  const running = state.settled.get(descriptor.digest);
  const settled = running
    ? running.then(() => {
        if (shown) state.emit({ kind: 'layer', digest: shown, phase: 'exists' });
      })
    : pushBlob(state, descriptor, shown);
  state.settled.set(descriptor.digest, settled);
  return settled;
}

async function pushBlob(state: Push, descriptor: Descriptor, shown: Digest | undefined): Promise<void> {
  const { store, registry } = state.deps;
  const { metadata } = store;
  const locations = metadata.blobLocations(descriptor.digest);
  const mountFrom = locations.filter(
    (location) => location.domain === state.repository.domain && location.path !== state.repository.path,
  );
  const outcome = await registry.putBlob(
    state.repository,
    descriptor,
    blobSource(state.deps, descriptor, { locations, except: state.repository, signal: state.signal }),
    {
      mountFrom,
      signal: state.signal,
      onProgress: (current) => {
        if (shown)
          state.emit({ kind: 'layer', digest: shown, phase: 'pushing', current, total: descriptor.size });
      },
    },
  );
  metadata.addBlobLocation(descriptor.digest, state.repository);
  if (!shown) return;
  if (outcome.kind === 'mounted')
    state.emit({ kind: 'layer', digest: shown, phase: 'mounted', mountedFrom: outcome.from.path });
  else state.emit({ kind: 'layer', digest: shown, phase: outcome.kind === 'present' ? 'exists' : 'pushed' });
}

function recordPushed(state: Push, { imageId }: ImageName, facts: ImageFacts, target: Descriptor): void {
  const { metadata } = state.deps.store;
  metadata.noteUse(imageId);
  metadata.addBlobLocation(target.digest, state.repository);
  // Another image of the index has no name of its own, and is not to outlive the one that leads to it.
  if (facts.id !== imageId) return;
  const bare = { mediaType: target.mediaType, digest: target.digest, size: target.size };
  metadata.putName({
    ref: withDigest(state.repository, target.digest),
    target: bare,
    imageId,
    taggedAt: state.deps.now(),
  });
}
