import { constants } from 'node:os';
import { WherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { currentRecord } from './settle.ts';

/** The last signal for real-time use, signal(7). */
const MAX_SIGNAL = 64;

/**
 * Sends a signal to a container's first process: `SIGKILL` unless another is given, by name or number. Throws
 * `CONTAINER_UNKNOWN`, `CONFLICT` when it does not run, `INVALID_ARGUMENT`.
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
  await deps.runtime().kill(id, String(number));
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
