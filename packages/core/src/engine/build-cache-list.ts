import { type BuildCacheEntry, cacheEntries } from './build-cache/cache-entries.ts';
import { parseCacheFilters } from './build-cache/cache-filters.ts';
import type { BuildCacheDeps } from './build-cache-prune.ts';

export interface BuildCacheListRequest {
  /** As for a prune. */
  readonly filters?: readonly string[];
}

/** What is in the build cache, least recently used first. Throws `INVALID_ARGUMENT`. */
export async function listBuildCache(
  { store, now }: BuildCacheDeps,
  { filters = [] }: BuildCacheListRequest = {},
): Promise<BuildCacheEntry[]> {
  const isMeant = parseCacheFilters(filters, now());
  return (await cacheEntries(store)).map(({ entry }) => entry).filter(isMeant);
}
