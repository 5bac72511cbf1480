import type { ByteRange } from '../../bytes/byte-range.ts';
import { bytesOf } from '../../bytes/from.ts';
import type { Digest } from '../../digest.ts';
import { isWherryError, throwIfCancelled } from '../../errors.ts';
import { makeManifest, type StoredDocument } from '../../image/build-image.ts';
import { layerMediaType } from '../../layer/media-type.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { BuildCacheTarget } from '../build-request.ts';
import type { ResultContext } from '../builds/built-image.ts';
import { packedLayer } from '../builds/outputs/image-form.ts';
import { copyImage } from '../copy.ts';
import type { CopySource } from '../remote/copy-ends.ts';
import { requireLayerVariant, storedDescriptor } from '../store/layer-variant.ts';
import type { Store } from '../store/store.ts';
import { writeCacheDocument } from './cache-document.ts';
import { cacheSource, cacheTarget, placeName, readCache } from './cache-place.ts';
import type { UsedStep } from './shared-cache.ts';

export interface ExportDeps {
  readonly context: ResultContext;
  readonly registry: () => Promise<RegistryClient>;
  /** Blobs on their way at once. */
  readonly jobs: number;
}

/** What there is to export. */
export interface ExportedSteps {
  readonly used: ReadonlyMap<string, UsedStep>;
  /** DiffIDs of the layers that the build's result has: what `min` is about. */
  readonly result: ReadonlySet<Digest>;
}

/**
 * Writes the steps that a build had a use for, with their layers, to a place outside of the store, in the place of what
 * was there. A layer that the place has already is neither packed nor sent again. Throws what a copy throws, unless the
 * target does not mind.
 */
export async function exportCache(
  deps: ExportDeps,
  steps: ExportedSteps,
  target: BuildCacheTarget,
): Promise<void> {
  const { emit } = deps.context;
  const name = placeName(target.place);
  const message = `exporting cache to ${name}`;
  emit({ kind: 'build-export', message, isDone: false });
  try {
    await exportWhole(deps, steps, target);
  } catch (error) {
    if (!target.ignoreError || !isWherryError(error) || error.code === 'CANCELLED') throw error;
    emit({ kind: 'build-warning', message: `cache ${name} was not written: ${error.message}` });
  }
  emit({ kind: 'build-export', message, isDone: true });
}

async function exportWhole(deps: ExportDeps, steps: ExportedSteps, target: BuildCacheTarget): Promise<void> {
  const there = await layersAt(deps, target);
  try {
    await exportOnce(deps, steps, target, there);
  } catch (error) {
    // The place, or a mirror of it, named a layer that it does not have any more.
    if (there.size === 0 || !isWherryError(error, 'BLOB_UNKNOWN')) throw error;
    await exportOnce(deps, steps, target, new Map());
  }
}

async function exportOnce(
  { context, registry, jobs }: ExportDeps,
  { used, result }: ExportedSteps,
  { place, mode }: BuildCacheTarget,
  there: ReadonlyMap<Digest, Descriptor>,
): Promise<void> {
  const { signal } = context;
  const { store } = context.deps;
  const chosen = [...used].filter(([, { layer }]) => mode === 'max' || !layer || result.has(layer.diffID));
  const blobs = new Map(
    chosen.flatMap(([, { layer }]) => (layer ? [[layer.diffID, layer.digest] as const] : [])),
  );
  const document = writeCacheDocument(
    chosen.map(([key, { kind, layer }]) => ({ key, kind, ...(layer && { layer: layer.diffID }) })),
  );
  const layers: Descriptor[] = [];
  for (const diffID of document.layers) {
    const digest = blobs.get(diffID);
    if (digest === undefined) throw new Error('what is exported is here');
    layers.push(there.get(diffID) ?? (await packed(context, diffID, digest)));
  }
  const manifest = makeManifest(document.config.descriptor, layers, { isSealed: true });
  await using target = await cacheTarget(place, registry, signal);
  await using source = storeSource(store, manifest, document.config);
  await copyImage({ source, target, jobs, emit: () => undefined, signal }, {});
}

async function packed(context: ResultContext, diffID: Digest, digest: Digest): Promise<Descriptor> {
  const { deps, request } = context;
  const record = await requireLayerVariant(deps.store, { digest, diffID });
  const packing = request.compression ?? 'gzip';
  return storedDescriptor(deps.store, await packedLayer(context, record, { packing, isAdded: true }));
}

/** The layers that a place has in the very form that they are to have; none where it cannot be read. */
async function layersAt(
  { context, registry }: ExportDeps,
  { place }: BuildCacheTarget,
): Promise<ReadonlyMap<Digest, Descriptor>> {
  const { signal, request } = context;
  const mediaType = layerMediaType(request.compression ?? 'gzip', 'oci');
  try {
    await using source = await cacheSource(place, registry, signal);
    const { layers } = await readCache(source);
    return new Map([...layers].filter(([, layer]) => layer.mediaType === mediaType));
  } catch (error) {
    throwIfCancelled(signal);
    if (!isWherryError(error) || error.code === 'CANCELLED') throw error;
    return new Map();
  }
}

/** The cache as something to be copied. */
function storeSource(store: Store, manifest: StoredDocument, config: StoredDocument): CopySource {
  return {
    root: async () => manifest,
    document: async () => manifest,
    async *blob({ digest }, range?: ByteRange) {
      if (digest === config.descriptor.digest)
        yield* bytesOf(config.bytes.subarray(range?.start ?? 0, range?.end));
      else yield* store.blobs.read(digest, range);
    },
    referrers: async () => [],
    tagged: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
