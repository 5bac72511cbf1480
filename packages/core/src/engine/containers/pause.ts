import { WherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerStatus } from '../../runtime/container-state.ts';
import type { ContainerDeps } from './container-deps.ts';
import { changeRecord } from './container-records.ts';
import { currentRecord } from './life/settle.ts';
import { whileLocked } from './life/while-locked.ts';

type ResumeDeps = Pick<ContainerDeps, 'store' | 'runtime'>;

/**
 * Halts the processes of a container, and records that the user wanted it. Throws `CONTAINER_UNKNOWN`, `CONFLICT`
 * when it does not run, or is paused already, `UNSUPPORTED` where there are no control groups to halt them by.
 */
export async function pauseContainer(deps: ContainerDeps, idOrName: string): Promise<void> {
  await whileLocked(deps, idOrName, async ({ id, state: { status } }) => {
    if (status === 'paused') throw conflict(id, `Container ${id} is already paused`);
    if (status !== 'running') throw conflict(id, `Container ${id} is not running`);
    if (!deps.runtime().canPause)
      throw new WherryError(
        'UNSUPPORTED',
        'pausing needs control groups, which containers have only when root runs them',
        { hint: `to halt its processes without them: wherry kill -s STOP ${idOrName}` },
      );
    // A wherry that was killed in the middle has halted it already.
    if ((await deps.runtime().state(id))?.status !== 'paused') await deps.runtime().pause(id);
    recordStatus(deps, id, 'paused');
  });
}

/**
 * Lets the processes of a paused container go on; also those that a killed wherry has left halted. Throws
 * `CONTAINER_UNKNOWN`, `CONFLICT` when it is not paused.
 */
export async function unpauseContainer(deps: ContainerDeps, idOrName: string): Promise<void> {
  await whileLocked(deps, idOrName, async ({ id, state: { status } }) => {
    const isHalted = status === 'running' && (await deps.runtime().state(id))?.status === 'paused';
    if (status !== 'paused' && !isHalted) throw conflict(id, `Container ${id} is not paused`);
    await resume(deps, id);
  });
}

/** Lets a container go on that the user has paused; any other is left alone. */
export async function resumePaused(deps: ResumeDeps, record: ContainerRecord): Promise<void> {
  if (currentRecord(deps, record).state.status === 'paused') await resume(deps, record.id);
}

/** Fine when it has ended, or was never halted. */
async function resume({ store, runtime }: ResumeDeps, id: string): Promise<void> {
  try {
    await runtime().resume(id);
  } catch (error) {
    if ((await runtime().state(id))?.status === 'paused') throw error;
  }
  recordStatus({ store }, id, 'running');
}

/** Only of a container that runs: its end may have been recorded meanwhile. */
function recordStatus({ store }: Pick<ContainerDeps, 'store'>, id: string, status: ContainerStatus): void {
  changeRecord(store.metadata, id, (record) => {
    const isAlive = record.state.status === 'running' || record.state.status === 'paused';
    return isAlive ? { ...record, state: { ...record.state, status } } : record;
  });
}

function conflict(id: string, message: string): WherryError {
  return new WherryError('CONFLICT', message, { details: { id } });
}
