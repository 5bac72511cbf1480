import { constants } from 'node:os';
import { WherryError } from '../../errors.ts';
import { parseSignal } from '../../oci/signal.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { resumeAbandoned } from './life/pauser.ts';
import { currentRecord } from './life/settle.ts';
import { resumePaused } from './pause.ts';

const { SIGKILL } = constants.signals;

/**
 * Sends a signal to a container's first process: `SIGKILL` unless another is given, by name or number. One that may be
 * to end it lets a paused container go on, which would not see it otherwise; as with Docker, that is each signal unless
 * the container has a stop signal of its own. Throws `CONTAINER_UNKNOWN`, `CONFLICT` when it does not run,
 * `INVALID_ARGUMENT`.
 */
export async function killContainer(
  deps: ContainerDeps,
  idOrName: string,
  signal = 'SIGKILL',
): Promise<void> {
  const number = parseSignal(signal);
  const record = requireContainer(deps.store.metadata, idOrName);
  const { id } = record;
  if (!isAlive(deps, record))
    throw new WherryError('CONFLICT', `Cannot kill container: ${idOrName}: Container ${id} is not running`, {
      details: { id },
    });
  await resumeAbandoned(deps, currentRecord(deps, record));
  const { stopSignal } = record;
  await deps.runtime().kill(id, String(number));
  if (stopSignal === undefined || number === SIGKILL || number === parseSignal(stopSignal))
    await resumePaused(deps, record);
}

/** Tells whether the container runs, or is paused. */
export function isAlive(deps: ContainerDeps, record: ContainerRecord): boolean {
  const { status } = currentRecord(deps, record).state;
  return status === 'running' || status === 'paused';
}
