import type { VerbOptions } from '../../events.ts';
import { type BuildCacheDeps, type BuildCachePruneResult, pruneBuildCache } from '../build-cache-prune.ts';
import { parseHumanSize } from '../selection/human-size.ts';
import { unusedFor } from './cache-filters.ts';

/** How much of the build cache stays without anybody's asking. */
export interface CacheLimit {
  /** `20GB`, or `unlimited`; absent: the default. */
  readonly keepStorage?: string;
  /** What was not used for so long, `336h`, goes; absent: nothing for its age. */
  readonly keepAge?: string;
}

const DEFAULT_KEEP_STORAGE = '20GB';
export const UNLIMITED = 'unlimited';

const CHECKED_AT = 'build-cache-checked-at';
const MINUTE_MS = 60_000;
/** Steps alone are too many: most of them may be images', which only a look at everything tells. */
const CHECK_WHEN_OVER_MS = 10 * MINUTE_MS;
/** Cache mounts grow unseen, and things grow old. */
const CHECK_ALWAYS_MS = 24 * 60 * MINUTE_MS;

const NOTHING = { deleted: [], reclaimedBytes: 0 } as const;

/**
 * Keeps the build cache within its limit: to be called at the end of each build. Mostly it asks one sum of the
 * metadata; it looks at everything once a day, and every ten minutes while the sum is beyond the limit. Throws
 * what `pruneBuildCache` throws.
 */
export async function limitBuildCache(
  deps: BuildCacheDeps,
  { keepStorage = DEFAULT_KEEP_STORAGE, keepAge }: CacheLimit = {},
  options: VerbOptions = {},
): Promise<BuildCachePruneResult> {
  const { metadata } = deps.store;
  const keepBytes = keepStorage === UNLIMITED ? undefined : parseHumanSize(keepStorage);
  if (keepBytes === undefined && keepAge === undefined) return NOTHING;
  const now = deps.now().getTime();
  const isOver = keepBytes !== undefined && metadata.buildCacheBytes() > keepBytes;
  const last = Date.parse(metadata.getSetting(CHECKED_AT) ?? '');
  if (Math.abs(now - last) < (isOver ? CHECK_WHEN_OVER_MS : CHECK_ALWAYS_MS)) return NOTHING;
  metadata.setSetting(CHECKED_AT, new Date(now).toISOString());
  const old =
    keepAge === undefined ? NOTHING : await pruneBuildCache(deps, { filters: [unusedFor(keepAge)] }, options);
  const rest =
    keepBytes === undefined ? NOTHING : await pruneBuildCache(deps, { reservedBytes: keepBytes }, options);
  return {
    deleted: [...old.deleted, ...rest.deleted],
    reclaimedBytes: old.reclaimedBytes + rest.reclaimedBytes,
  };
}
