import { constants } from 'node:os';
import { WherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { resumeAbandoned } from './life/pauser.ts';
import { currentRecord } from './life/settle.ts';
import { resumePaused } from './pause.ts';

/** The last signal for real-time use, signal(7). */
const MAX_SIGNAL = 64;
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

/** Reads `SIGTERM`, `term` or `15`. Throws `INVALID_ARGUMENT` in Docker's words. */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.toUpperCase());
  if (number !== undefined && number >= 1 && number <= MAX_SIGNAL) return number;
  throw new WherryError('INVALID_ARGUMENT', `Invalid signal: ${text}`, { details: { signal: text } });
}

function numberOf(name: string): number | undefined {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  const signals: Readonly<Record<string, number>> = constants.signals;
  return Object.hasOwn(signals, full) ? signals[full] : undefined;
}
