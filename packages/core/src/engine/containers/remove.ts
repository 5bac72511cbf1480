import { WherryError } from '../../errors.ts';
import { type ContainerDeps, lockContainer } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { clearLeftovers } from './life/leftovers.ts';
import { resumeAbandoned } from './life/pauser.ts';
import { awaitStart, clearAway, currentRecord, discard } from './life/settle.ts';
import { killAndWait } from './stop.ts';

export interface RemoveContainerRequest {
  readonly container: string;
  /** One that runs is killed first. */
  readonly force?: boolean;
  /** Its volumes go too, unless they have names. */
  readonly volumes?: boolean;
}

/**
 * Removes a container with all that it changed. Throws `CONTAINER_UNKNOWN`, `CONFLICT` in Docker's words for one
 * that runs.
 */
export async function removeContainer(deps: ContainerDeps, request: RemoveContainerRequest): Promise<void> {
  const { metadata } = deps.store;
  await clearLeftovers(deps);
  const { id } = requireContainer(metadata, request.container);
  const lock = await lockContainer(deps, id);
  try {
    await awaitStart(deps, id);
    const stored = metadata.findContainer(id);
    // Whoever was faster has removed it.
    if (stored?.id !== id) return;
    const current = currentRecord(deps, requireContainer(metadata, id));
    await resumeAbandoned(deps, current);
    const { status } = current.state;
    if (status === 'running' || status === 'paused') {
      if (!request.force) throw stillAlive(id, status);
      await killAndWait(deps, id);
    }
    await clearAway(deps, id);
    await discard(deps, id, { volumes: request.volumes ?? false });
  } finally {
    lock.release({ remove: true });
  }
}

function stillAlive(id: string, status: 'running' | 'paused'): WherryError {
  const advice =
    status === 'paused'
      ? 'Unpause and then stop the container before attempting removal or force remove'
      : 'Stop the container before attempting removal or force remove';
  return new WherryError('CONFLICT', `You cannot remove a ${status} container ${id}. ${advice}`, {
    details: { id, status },
  });
}
