import { collect } from '../../bytes/collect.ts';
import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isIndexType, isLayerType, MEDIA_TYPES } from '../../oci/media-types.ts';
import { familiarName } from '../../reference.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { BuildCachePlace } from '../build-request.ts';
import type { CopySource, CopyTarget } from '../remote/copy-ends.ts';
import { openLayoutDirectory } from '../remote/layout-files.ts';
import { layoutSource } from '../remote/layout-source.ts';
import { layoutTarget } from '../remote/layout-target.ts';
import { registrySource, registryTarget } from '../remote/registry-end.ts';
import { verifiedReads } from '../remote/verified-reads.ts';
import { MAX_CONFIG_BYTES } from '../store/documents.ts';
import { parseCacheDocument, type SharedStep } from './cache-document.ts';

/** What a cache is called in a layout, as with BuildKit. */
const LAYOUT_NAME = 'latest';

/** What a cache outside of the store has. */
export interface CacheContent {
  readonly steps: readonly SharedStep[];
  /** By diffID. */
  readonly layers: ReadonlyMap<Digest, Descriptor>;
}

const NOTHING: CacheContent = { steps: [], layers: new Map() };

/** For messages. */
export function placeName(place: BuildCachePlace): string {
  return place.kind === 'registry' ? familiarName(place.ref) : place.path;
}

/** Opens a place to read from. Throws `FILE_NOT_FOUND`, `INVALID_ARCHIVE`. */
export async function cacheSource(
  place: BuildCachePlace,
  registry: () => Promise<RegistryClient>,
  signal: AbortSignal,
): Promise<CopySource> {
  if (place.kind === 'registry') return registrySource(await registry(), place.ref, signal);
  return layoutSource(await openLayoutDirectory(place.path), LAYOUT_NAME);
}

/** Opens a place to write to. */
export async function cacheTarget(
  place: BuildCachePlace,
  registry: () => Promise<RegistryClient>,
  signal: AbortSignal,
): Promise<CopyTarget> {
  if (place.kind === 'registry') return registryTarget(await registry(), place.ref, signal);
  return layoutTarget(place.path, LAYOUT_NAME, signal);
}

/**
 * Reads what a cache has; nothing, where an image or the cache of another builder is. Throws what reading the
 * documents throws, `INVALID_DOCUMENT`.
 */
export async function readCache(source: CopySource): Promise<CacheContent> {
  const root = await source.root();
  if (isIndexType(root.descriptor.mediaType)) return NOTHING;
  const { config, layers } = parseManifest(root.bytes);
  if (config.mediaType !== MEDIA_TYPES.wherryBuildCache) return NOTHING;
  if (config.size > MAX_CONFIG_BYTES)
    throw new WherryError(
      'TOO_LARGE',
      `cache ${config.digest}: ${config.size} bytes, at most ${MAX_CONFIG_BYTES}`,
    );
  const read = verifiedReads(config, (range) => source.blob(config, range));
  const document = parseCacheDocument(await collect(read(), MAX_CONFIG_BYTES));
  const isSound =
    layers.length === document.layers.length && layers.every((each) => isLayerType(each.mediaType));
  if (!isSound) throw new WherryError('INVALID_DOCUMENT', 'cache.layers: not those of the manifest');
  return {
    steps: document.steps,
    layers: new Map(document.layers.map((diffID, i) => [diffID, layers[i] as Descriptor])),
  };
}
