import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { type BuildCachePruneResult, pruneBuildCache } from './build-cache-prune.ts';
import type { ContainerDeps } from './containers/container-deps.ts';
import { type RemovedSnapshots, removeSnapshotsBut } from './containers/life/unneeded-snapshots.ts';
import { containerChoice, type PruneContainersResult, pruneContainers } from './containers/prune.ts';
import type { PruneResult, RemovalEvent } from './engine.ts';
import { prune } from './prune.ts';
import { PRUNE_FILTERS, parseImageFilters } from './selection/image-filters.ts';
import { configuredFilters } from './selection/prune-config.ts';
import type { Store } from './store/store.ts';
import { type PruneVolumesResult, pruneVolumes, volumeChoice } from './volumes/prune.ts';

export interface SystemPruneRequest {
  /** Every image that no container has, not just the dangling ones. */
  readonly all?: boolean;
  /** `name=value` each: Docker's `label`, `label!` and, without `volumes`, `until`. */
  readonly filters?: readonly string[];
  /** Adds the `pruneFilters` of Docker's `config.json`, as Docker's command line does. */
  readonly configured?: boolean;
  /** Volumes without names that no container has. */
  readonly volumes?: boolean;
  /** Unpacked layers that no container has: the next start of one unpacks them again. */
  readonly snapshots?: boolean;
  /** Finds out what would go, and touches nothing. */
  readonly dryRun?: boolean;
}

export interface SystemPruneResult {
  readonly containers: PruneContainersResult;
  readonly volumes: PruneVolumesResult;
  readonly images: PruneResult;
  readonly snapshots: RemovedSnapshots;
  /** Without what the images gave back: `contentBytes` has it. */
  readonly buildCache: BuildCachePruneResult;
}

export interface SystemPruneDeps {
  readonly store: Store;
  readonly now: () => Date;
  /** `pruneFilters` of Docker's configuration. */
  readonly configuredFilters: () => Promise<readonly string[]>;
  /** Asked for only where there are containers. Throws `UNSUPPORTED` where there can be none. */
  readonly containers: () => Promise<ContainerDeps>;
}

const NOTHING = { deleted: [], reclaimedBytes: 0 } as const;

/**
 * Removes what nobody needs, each kind after those that need it, so that a second run finds nothing: containers that
 * do not run, volumes, unpacked layers, images, the build cache. Throws `INVALID_ARGUMENT` in Docker's words before anything goes,
 * `CANCELLED`.
 */
export async function systemPrune(
  deps: SystemPruneDeps,
  request: SystemPruneRequest = {},
  options: VerbOptions = {},
): Promise<SystemPruneResult> {
  const { store, now } = deps;
  const { all = false, dryRun = false } = request;
  const filters = await readFilters(deps, request);
  const hasContainers = store.metadata.listContainers().length > 0;
  const containers = hasContainers
    ? await pruneContainers(await deps.containers(), { filters, dryRun }, options)
    : NOTHING;
  const without = new Set(dryRun ? containers.deleted : []);
  const volumes = request.volumes
    ? await pruneVolumes({ store, now }, { filters, dryRun, without }, options)
    : NOTHING;
  const snapshots = request.snapshots
    ? await removeSnapshotsBut(store, { needed: layersOfContainers(store, without), dryRun })
    : NOTHING;
  const ageFilters = filters.filter((text) => isNamed(text, 'until'));
  const pruneCache = async (gone: readonly RemovalEvent[] = []) =>
    // Nothing in the cache has a label, so one that is asked for is on none.
    filters.some((text) => isNamed(text, 'label'))
      ? NOTHING
      : pruneBuildCache(deps, { all, filters: ageFilters, dryRun }, { ...options, without: idsIn(gone) });
  const unused = await pruneCache();
  const images = await prune(
    { store, now, configuredFilters: async () => [], without },
    { all, filters, dryRun },
    options,
  );
  const ofImages = await pruneCache(images.events);
  const deleted = [...new Set([...unused.deleted, ...ofImages.deleted])];
  const buildCache = { deleted, reclaimedBytes: unused.reclaimedBytes };
  return { containers, volumes, images, snapshots, buildCache };
}

function isNamed(filter: string, name: string): boolean {
  return (
    filter
      .slice(0, Math.max(0, filter.indexOf('=')))
      .trim()
      .toLowerCase() === name
  );
}

function idsIn(events: readonly RemovalEvent[]): Set<Digest> {
  return new Set(events.flatMap((event) => ('deleted' in event ? event.deleted : [])));
}

/** All filters, each fit for all that is pruned. Throws `INVALID_ARGUMENT`. */
async function readFilters(deps: SystemPruneDeps, request: SystemPruneRequest): Promise<readonly string[]> {
  const given = request.filters ?? [];
  const configured = request.configured ? configuredFilters(await deps.configuredFilters(), given) : [];
  const filters = [...given, ...configured];
  if (request.volumes && filters.some((text) => /^\s*until\s*=/i.test(text)))
    throw new WherryError('INVALID_ARGUMENT', 'The "until" filter is not supported with "--volumes"');
  containerChoice(filters, deps.now());
  parseImageFilters(filters, PRUNE_FILTERS, deps.now());
  if (request.volumes) volumeChoice({ filters }, deps.now());
  return filters;
}

/** Those of containers that stay, also while they do not run. */
function layersOfContainers({ metadata }: Store, without: ReadonlySet<string>): Set<Digest> {
  const staying = metadata.listContainers().filter(({ id }) => !without.has(id));
  return new Set(staying.flatMap(({ id }) => metadata.layersOfContainer(id)).map(({ diffID }) => diffID));
}
