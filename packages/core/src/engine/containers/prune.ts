import { isWherryError, throwIfCancelled } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import type { ContainerDeps } from './container-deps.ts';
import { listContainers } from './list.ts';
import { removeContainer } from './remove.ts';

export interface PruneContainersResult {
  /** The IDs of those that are gone. */
  readonly deleted: readonly string[];
  /** Bytes of what they had changed. */
  readonly reclaimedBytes: number;
}

/** Removes all containers that do not run. Throws `CANCELLED`. */
export async function pruneContainers(
  deps: ContainerDeps,
  { signal }: VerbOptions = {},
): Promise<PruneContainersResult> {
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const { container, sizes } of await listContainers(deps, { all: true, sizes: true })) {
    throwIfCancelled(signal);
    if (container.state.status === 'running' || container.state.status === 'paused') continue;
    if (!(await isRemoved(deps, container.id))) continue;
    deleted.push(container.id);
    reclaimedBytes += sizes?.changedBytes ?? 0;
  }
  return { deleted, reclaimedBytes };
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
