import { isWherryError, throwIfCancelled } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { type FilterRules, matchesLabels, parseImageFilters } from '../selection/image-filters.ts';
import type { ContainerDeps } from './container-deps.ts';
import { listContainers } from './list.ts';
import { removeContainer } from './remove.ts';

export interface PruneContainersRequest {
  /** `name=value` each: Docker's `label`, `label!` and `until`. */
  readonly filters?: readonly string[];
  /** Finds out what would go, and touches nothing. */
  readonly dryRun?: boolean;
}

export interface PruneContainersResult {
  /** The IDs of those that are gone. */
  readonly deleted: readonly string[];
  /** Bytes of what they had changed. */
  readonly reclaimedBytes: number;
}

const RULES: FilterRules = { names: ['label', 'label!', 'until'], dangling: [] };

/**
 * Removes containers that do not run; their volumes stay, as with Docker. Throws `INVALID_ARGUMENT` with Docker's
 * texts for filters, `CANCELLED`.
 */
export async function pruneContainers(
  deps: ContainerDeps,
  { filters = [], dryRun = false }: PruneContainersRequest = {},
  { signal }: VerbOptions = {},
): Promise<PruneContainersResult> {
  const isMeant = containerChoice(filters, deps.now());
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const { container, sizes } of await listContainers(deps, { all: true, sizes: true })) {
    throwIfCancelled(signal);
    if (container.state.status === 'running' || container.state.status === 'paused') continue;
    if (!isMeant(container) || !(dryRun || (await isRemoved(deps, container.id)))) continue;
    deleted.push(container.id);
    reclaimedBytes += sizes?.changedBytes ?? 0;
  }
  return { deleted, reclaimedBytes };
}

/** Reads what a prune asks for. Throws `INVALID_ARGUMENT`. */
export function containerChoice(
  filters: readonly string[],
  now: Date,
): (container: Pick<ContainerRecord, 'createdAt' | 'labels'>) => boolean {
  const parsed = parseImageFilters(filters, RULES, now);
  const { until } = parsed;
  return ({ createdAt, labels }) =>
    matchesLabels(parsed, labels) && (until === undefined || Date.parse(createdAt) <= until.getTime());
}

/** One that was started, or removed, since the list was made is left alone. */
async function isRemoved(deps: ContainerDeps, id: string): Promise<boolean> {
  try {
    await removeContainer(deps, { container: id });
    return true;
  } catch (error) {
    if (isWherryError(error, 'CONFLICT', 'CONTAINER_UNKNOWN')) return false;
    throw error;
  }
}
