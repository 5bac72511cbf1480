import { statfs } from 'node:fs/promises';
import type { Digest } from '../digest.ts';
import { isErrno, throwIfCancelled } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import type { BuildCacheRecord } from '../metadata/build-cache-store.ts';
import { cacheEntries, type EntriesOptions, type HeldEntry } from './build-cache/cache-entries.ts';
import { parseCacheFilters } from './build-cache/cache-filters.ts';
import { type CacheMountDirectory, CacheMounts } from './build-cache/cache-mounts.ts';
import { CONTEXT_DIGESTS_MAX_AGE_MS, pruneContextDigests } from './build-cache/context-digests.ts';
import { FileLists } from './build-cache/file-lists.ts';
import { type CacheLimits, choosePruned } from './build-cache/prune-choice.ts';
import { forgetDuplicates, sweepDuplicates } from './store/duplicate-layers.ts';
import type { Store } from './store/store.ts';

export interface BuildCachePruneRequest extends CacheLimits {
  /** What images have, too; that gives nothing back before these go. */
  readonly all?: boolean;
  /** `name=value` each: Docker's `id`, `description`, `inuse`, `parent`, `type`, `until`, `unused-for`, … */
  readonly filters?: readonly string[];
  /** Finds out what would go, and touches nothing. */
  readonly dryRun?: boolean;
}

export interface BuildCachePruneResult {
  /** IDs of what is gone, least recently used first. */
  readonly deleted: readonly string[];
  /** What the file system gets back. */
  readonly reclaimedBytes: number;
}

export interface BuildCacheDeps {
  readonly store: Store;
  readonly now: () => Date;
}

/**
 * Removes what builds left for those to come: results of steps, and cache mounts of RUN; of all that no image has, or
 * with `all` everything, what filters and limits say. What a running build uses stays. With them go digests of contexts'
 * files: all of them, or, where filters or limits choose, those that are old. Throws `INVALID_ARGUMENT`, `CANCELLED`.
 */
export async function pruneBuildCache(
  deps: BuildCacheDeps,
  request: BuildCachePruneRequest = {},
  { signal, ...options }: VerbOptions & EntriesOptions = {},
): Promise<BuildCachePruneResult> {
  const { store, now } = deps;
  const { all = false, filters = [], dryRun = false, ...limits } = request;
  const isMeant = parseCacheFilters(filters, now());
  throwIfCancelled(signal);
  const freeBytes = limits.minFreeBytes === undefined ? 0 : await freeBytesOf(store.root);
  const entries = await cacheEntries(store, options);
  const chosen = choosePruned(entries, { ...limits, all, isMeant, freeBytes });
  const steps = chosen.flatMap(({ record }) => record ?? []);
  const mounts = chosen.filter(hasMount);
  const stepsGone = dryRun ? rehearse(store, steps) : await removeSteps(store, steps);
  const mountsGone = dryRun ? mounts : await removeMounts(store, mounts, signal);
  const hasChoice = filters.length > 0 || Object.values(limits).some((limit) => limit !== undefined);
  const contextBytes = await pruneContextDigests(store.root, {
    ...{ now: now(), dryRun },
    olderThanMs: hasChoice ? CONTEXT_DIGESTS_MAX_AGE_MS : 0,
  });
  const gone = new Set([...stepsGone.keys, ...mountsGone.map(({ entry }) => entry.id)]);
  return {
    deleted: chosen.map(({ entry }) => entry.id).filter((id) => gone.has(id)),
    reclaimedBytes:
      contextBytes + stepsGone.bytes + mountsGone.reduce((sum, { entry }) => sum + entry.bytes, 0),
  };
}

interface RemovedSteps {
  readonly keys: readonly string[];
  readonly bytes: number;
}

/** Records first, then layers, then the lists of files, which nobody misses. */
async function removeSteps(store: Store, steps: readonly BuildCacheRecord[]): Promise<RemovedSteps> {
  if (steps.length === 0) return { keys: [], bytes: 0 };
  const { keys, layers } = forgetSteps(store, steps);
  const sizes = new Map(layers.map((digest) => [digest, store.blobs.allocatedSync(digest)]));
  const swept = await sweepDuplicates(store, layers);
  let bytes = swept.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0);
  const lists = new FileLists(store.root);
  for (const key of keys) bytes += await lists.delete(key);
  return { keys, bytes };
}

/** Those that no build has found since they were chosen: it would hold a lease on the layer. */
function forgetSteps(
  { metadata }: Store,
  steps: readonly BuildCacheRecord[],
): { readonly keys: string[]; readonly layers: Digest[] } {
  return metadata.atomically(() => {
    const leased = metadata.leasedDigests();
    const keys = steps
      .filter(({ key, layer, lastUsedAt }) => {
        const now = metadata.findBuildCache(key);
        if (now?.lastUsedAt.getTime() !== lastUsedAt.getTime()) return false;
        return now.layer?.digest === layer?.digest && !(layer && leased.has(layer.digest));
      })
      .map(({ key }) => key);
    return { keys, layers: metadata.deleteBuildCache(keys, { remember: true }) };
  });
}

/** Does the same in a transaction that is undone. */
function rehearse(store: Store, steps: readonly BuildCacheRecord[]): RemovedSteps {
  const { metadata, blobs } = store;
  if (steps.length === 0) return { keys: [], bytes: 0 };
  const lists = new FileLists(store.root);
  return metadata.atomically(
    () => {
      const { keys, layers } = forgetSteps(store, steps);
      forgetDuplicates(store, layers);
      const sizes = [
        ...metadata.unheld(layers).map((digest) => blobs.allocatedSync(digest)),
        ...keys.map((key) => lists.bytesOf(key)),
      ];
      return { keys, bytes: sizes.reduce((sum, size) => sum + size, 0) };
    },
    { undo: true },
  );
}

type HeldMount = HeldEntry & { readonly mount: CacheMountDirectory };

function hasMount(held: HeldEntry): held is HeldMount {
  return held.mount !== undefined;
}

async function removeMounts(
  { root }: Store,
  mounts: readonly HeldMount[],
  signal: AbortSignal | undefined,
): Promise<HeldMount[]> {
  const caches = new CacheMounts(root);
  const gone: HeldMount[] = [];
  for (const held of mounts) {
    throwIfCancelled(signal);
    if (await caches.remove(held.mount)) gone.push(held);
  }
  return gone;
}

/** For whoever is not root; of a root that is not there yet, there is nothing to free. */
async function freeBytesOf(root: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(root);
    return bavail * bsize;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
