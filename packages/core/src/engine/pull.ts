import { collect } from '../bytes/collect.ts';
import type { TrustRule } from '../config/trust-rules.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { ProgressEvent, VerbOptions } from '../events.ts';
import {
  type DocumentRecord,
  type ImageFacts,
  type ImageName,
  NOT_TAGGED_HERE,
} from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type ImageConfig, parseImageConfig } from '../oci/image-config.ts';
import { parseIndex, resolvePlatform } from '../oci/index-document.ts';
import { type Manifest, parseManifest } from '../oci/manifest.ts';
import { isConfigType, isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { formatReference, type Reference, repositoryOf, withDigest } from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { isAttachmentTag } from '../signature/simple-signing.ts';
import type { PullRequest, PullResult } from './engine.ts';
import { isImage } from './layers/adopt.ts';
import { fetchLayers, type LayersFetch, type LayersFetchDeps } from './layers/pull-layers.ts';
import { isSignatureRequired, requiredKeys, requireSignature } from './remote/trust.ts';
import { storedForm } from './resolve.ts';
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, readDocument, storeDocument } from './store/documents.ts';
import { imageFacts, platformSatisfies, requireSameLayerCount } from './store/image-facts.ts';
import { completeImage, isComplete } from './store/layer-variant.ts';

export interface PullDeps extends LayersFetchDeps {
  readonly registry: RegistryClient;
  readonly host: Platform;
  readonly trustRules: readonly TrustRule[];
}

/** What some registries and tools of old say of any blob. */
const UNTYPED_CONFIGS: ReadonlySet<string> = new Set(['application/octet-stream', 'text/html']);

/** One pull under way: what its steps share. */
interface Pull extends LayersFetch {
  readonly deps: PullDeps;
  readonly documents: Map<Digest, DocumentRecord>;
}

/**
 * Fetches an image: documents and layers are verified, stored, then named in one transaction. What the store
 * has, in any compression, is not fetched; what a broken attempt left is kept. Where a signature is required,
 * the very bytes it is of are what is pulled. Throws `NOT_TRUSTED`, the registry's codes,
 * `PLATFORM_UNKNOWN`, `DIFF_ID_MISMATCH`, `DIGEST_MISMATCH`, `NO_SPACE`, `CANCELLED`.
 */
export async function pull(
  deps: PullDeps,
  request: PullRequest,
  options: VerbOptions = {},
): Promise<PullResult> {
  const ref = storedForm(request.ref);
  const signal = options.signal ?? new AbortController().signal;
  const emit = options.onProgress ?? (() => undefined);
  const keys = await requiredKeys(deps.trustRules, ref, request.verify ?? false);
  const resolve = async (target: Descriptor, read: () => Uint8Array | Promise<Uint8Array>) => {
    const { digest } = target;
    const document = keys && { digest, bytes: await read() };
    const keyName = document && (await requireSignature(deps.registry, ref, document, keys, signal));
    emit({ kind: 'resolved', ref, target });
    if (keyName !== undefined) emit({ kind: 'verified', ref, digest, keyName });
  };
  const current = await currentImage(deps, request, ref, signal);
  if (current) {
    const { digest } = current.target;
    await resolve(current.target, () => readDocument(deps.store.blobs, digest, MAX_MANIFEST_BYTES));
    deps.store.metadata.noteUse(current.imageId);
    return withPlatformCheck({ ...current, status: 'up-to-date' }, request, deps);
  }
  const { descriptor: target, bytes } = await deps.registry.getManifest(ref, signal);
  await resolve(target, () => bytes);
  await using lease = await deps.store.metadata.acquireLease(`pull ${formatReference(ref)}`);
  const state: Pull = { deps, repository: repositoryOf(ref), lease, documents: new Map(), emit, signal };
  lease.add(target.digest);
  const images = await fetchImages(state, request, target, bytes);
  const chosen = images[0];
  if (!chosen) throw new WherryError('PLATFORM_UNKNOWN', `${formatReference(ref)} holds no image`);
  const known = deps.store.metadata.findName(ref);
  const status =
    known?.imageId === chosen.id && known.target.digest === target.digest ? 'up-to-date' : 'downloaded';
  await recordImages(state, ref, target, images);
  return withPlatformCheck({ ref, target, imageId: chosen.id, status }, request, deps);
}

/** Every tag of a repository, one after the other; those of signatures only where nothing is verified. */
export async function pullAllTags(
  deps: PullDeps,
  request: PullRequest,
  options: VerbOptions = {},
): Promise<PullResult[]> {
  const repository = repositoryOf(request.ref);
  const isVerified = isSignatureRequired(deps.trustRules, repository, request.verify ?? false);
  const results: PullResult[] = [];
  // Nobody signs a signature.
  for await (const tag of deps.registry.listTags(repository, options.signal))
    if (!isVerified || !isAttachmentTag(tag))
      results.push(await pull(deps, { ...request, ref: { ...repository, tag } }, options));
  return results;
}

/** Asks by HEAD, which no quota counts, whether the name that is here is current; `undefined` when it is not. */
async function currentImage(
  deps: PullDeps,
  request: PullRequest,
  ref: Reference,
  signal: AbortSignal,
): Promise<Omit<PullResult, 'status'> | undefined> {
  const name = deps.store.metadata.findName(ref);
  if (!name || request.allPlatforms) return undefined;
  const facts = await completeImage(deps.store, name);
  if (!facts) return undefined;
  const wanted = request.platform ?? deps.host;
  // An index may hold a better fit than the image that is here; a lone manifest holds nothing else.
  if (isIndexType(name.target.mediaType) && !platformSatisfies(wanted, facts.platform)) return undefined;
  const remote = ref.digest ? name.target : await deps.registry.headManifest(ref, signal);
  if (remote?.digest !== name.target.digest) return undefined;
  // It need not have come from there: an archive may have brought it.
  if (!ref.digest) deps.store.metadata.addBlobLocation(name.target.digest, repositoryOf(ref));
  return { ref, target: name.target, imageId: name.imageId };
}

/** The images behind a target: the one for the platform, or with `allPlatforms` every one, the best fit first. */
async function fetchImages(
  state: Pull,
  request: PullRequest,
  target: Descriptor,
  bytes: Uint8Array,
): Promise<ImageFacts[]> {
  if (!isIndexType(target.mediaType)) return [await fetchImage(state, target, bytes)];
  const index = parseIndex(bytes);
  const wanted = request.platform ?? state.deps.host;
  const best = request.allPlatforms ? undefined : resolvePlatform(index, wanted, state.deps.host);
  await keepDocument(state, target, bytes, index.manifests);
  const images: ImageFacts[] = [];
  for (const child of best ? [best] : index.manifests) {
    const document = await fetchManifest(state, child);
    if (isIndexType(child.mediaType)) images.push(...(await fetchImages(state, request, child, document)));
    // What was chosen is taken for an image, and what keeps it from being one is told.
    else if (best || isImage(parseManifest(document))) images.push(await fetchImage(state, child, document));
    else await fetchArtifact(state, child, document);
  }
  const fits = (facts: ImageFacts) => (platformSatisfies(wanted, facts.platform) ? 0 : 1);
  return images.sort((a, b) => fits(a) - fits(b));
}

/** Brings what is no image as it is: verified, but not looked into. */
async function fetchArtifact(state: Pull, descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
  const manifest = parseManifest(bytes);
  const { blobs, metadata } = state.deps.store;
  for (const blob of [manifest.config, ...manifest.layers]) {
    state.lease.add(blob.digest);
    const { digest, size } = blob;
    if (await blobs.stat(digest)) continue;
    await using writer = await blobs.begin(digest, { digest, size, signal: state.signal });
    const range = { start: writer.offset };
    if (writer.offset < size)
      for await (const chunk of state.deps.registry.getBlob(state.repository, blob, range, state.signal))
        await writer.write(chunk);
    await writer.commit();
    metadata.addBlobLocation(digest, state.repository);
  }
  await keepDocument(state, descriptor, bytes, [manifest.config, ...manifest.layers]);
}

async function fetchManifest(state: Pull, descriptor: Descriptor): Promise<Uint8Array> {
  state.lease.add(descriptor.digest);
  if (await state.deps.store.blobs.stat(descriptor.digest))
    return readDocument(state.deps.store.blobs, descriptor.digest, MAX_MANIFEST_BYTES);
  const remote = await state.deps.registry.getManifest(
    withDigest(state.repository, descriptor.digest),
    state.signal,
  );
  return remote.bytes;
}

async function fetchImage(state: Pull, descriptor: Descriptor, bytes: Uint8Array): Promise<ImageFacts> {
  const manifest = parseManifest(bytes);
  state.lease.add(manifest.config.digest, ...manifest.layers.map((layer) => layer.digest));
  const config = await fetchConfig(state, manifest);
  requireSameLayerCount(manifest, config);
  const known = state.deps.store.metadata.findImage(manifest.config.digest);
  // As Docker, which has nothing to say of the layers of an image that is here under another name.
  const isHere = known !== undefined && (await isComplete(state.deps.store, known));
  const emit = (event: ProgressEvent) => {
    if (!isHere || event.kind !== 'layer' || event.phase !== 'exists') state.emit(event);
  };
  const records = await fetchLayers({ ...state, emit }, manifest, config);
  await keepDocument(state, descriptor, bytes, [manifest.config, ...manifest.layers]);
  return imageFacts(descriptor, manifest, config, records);
}

async function fetchConfig(state: Pull, manifest: Manifest): Promise<ImageConfig> {
  const { blobs } = state.deps.store;
  const { config } = manifest;
  if (!isConfigType(config.mediaType) && !UNTYPED_CONFIGS.has(config.mediaType))
    throw new WherryError(
      'UNSUPPORTED',
      `Encountered remote ${JSON.stringify(config.mediaType)}(unknown) when fetching`,
      { hint: 'it is an artifact, not an image' },
    );
  if (!(await blobs.stat(config.digest))) {
    if (config.size > MAX_CONFIG_BYTES)
      throw new WherryError(
        'TOO_LARGE',
        `config ${config.digest}: ${config.size} bytes, at most ${MAX_CONFIG_BYTES}`,
      );
    const source = state.deps.registry.getBlob(state.repository, config, undefined, state.signal);
    await storeDocument(blobs, config, await collect(source, MAX_CONFIG_BYTES), state.signal);
  }
  return parseImageConfig(await readDocument(blobs, config.digest, MAX_CONFIG_BYTES));
}

async function keepDocument(
  state: Pull,
  descriptor: Descriptor,
  bytes: Uint8Array,
  children: readonly Descriptor[],
): Promise<void> {
  state.lease.add(descriptor.digest);
  await storeDocument(state.deps.store.blobs, { ...descriptor, size: bytes.length }, bytes, state.signal);
  state.deps.store.metadata.addBlobLocation(descriptor.digest, state.repository);
  state.documents.set(descriptor.digest, { descriptor, children: children.map((child) => child.digest) });
}

async function recordImages(
  state: Pull,
  ref: Reference,
  target: Descriptor,
  images: readonly ImageFacts[],
): Promise<void> {
  const { metadata } = state.deps.store;
  const [chosen, ...others] = images;
  for (const facts of others) metadata.putImage(facts, [], []);
  if (!chosen) return;
  const bare = { mediaType: target.mediaType, digest: target.digest, size: target.size };
  const refs = ref.digest
    ? [withDigest(state.repository, ref.digest)]
    : [ref, withDigest(state.repository, target.digest)];
  const named = { target: bare, imageId: chosen.id, taggedAt: NOT_TAGGED_HERE };
  const names: ImageName[] = refs.map((name) => ({ ref: name, ...named }));
  metadata.putImage(chosen, [...state.documents.values()], names);
  metadata.noteUse(...images.map(({ id }) => id));
  await state.deps.store.publishIndex();
}

function withPlatformCheck(result: PullResult, request: PullRequest, deps: PullDeps): PullResult {
  const actual = deps.store.metadata.findImage(result.imageId)?.platform;
  const wanted = request.platform;
  if (!wanted || !actual || platformSatisfies(wanted, actual)) return result;
  return { ...result, platformMismatch: { wanted, actual } };
}
