import { constants } from 'node:os';
import { isWherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { parseSignal } from '../../oci/signal.ts';
import { waitForExit } from '../../runtime/container-facts.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { isAlive } from './kill.ts';
import { resumeAbandoned } from './life/pauser.ts';
import { currentRecord, settle } from './life/settle.ts';
import { resumePaused } from './pause.ts';

export interface StopRequest {
  readonly container: string;
  /** Sent first; absent: the container's own, else `SIGTERM`. */
  readonly signal?: string;
  /** Seconds until it is killed; negative: never. Absent: the container's own, else 10. */
  readonly timeoutSeconds?: number;
}

const DEFAULT_TIMEOUT_SECONDS = 10;
const { SIGKILL } = constants.signals;

/**
 * Asks a container to end, and kills it when it has not after a while; one that does not run is left alone.
 * Throws `CONTAINER_UNKNOWN`, `INVALID_ARGUMENT`, `CANCELLED`.
 */
export async function stopContainer(
  deps: ContainerDeps,
  request: StopRequest,
  options: VerbOptions = {},
): Promise<void> {
  const record = requireContainer(deps.store.metadata, request.container);
  const { id } = record;
  const { paths } = containerPlaces(deps.store.root, id);
  const signal = parseSignal(request.signal ?? record.stopSignal ?? 'SIGTERM');
  const seconds = request.timeoutSeconds ?? record.stopTimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  if (isAlive(deps, record)) {
    await resumeAbandoned(deps, currentRecord(deps, record));
    await send(deps, record, signal);
    const isOver = await endsWithin(seconds, (limit) => waitForExit(paths, anyOf(limit, options.signal)));
    if (!isOver) await send(deps, record, SIGKILL);
    await waitForExit(paths, options.signal);
  }
  await settle(deps, id);
}

/** Ends a container at once, and waits until it has. */
export async function killAndWait(deps: ContainerDeps, id: string): Promise<void> {
  await send(deps, requireContainer(deps.store.metadata, id), SIGKILL);
  await waitForExit(containerPlaces(deps.store.root, id).paths);
}

/** It may have ended just now: then there is nothing to send to. One that is paused has to go on to end. */
async function send(deps: ContainerDeps, record: ContainerRecord, signal: number): Promise<void> {
  try {
    await deps.runtime().kill(record.id, String(signal));
    await resumePaused(deps, record);
  } catch (error) {
    if (!isWherryError(error, 'CONFLICT')) throw error;
  }
}

async function endsWithin(
  seconds: number,
  wait: (limit: AbortSignal | undefined) => Promise<unknown>,
): Promise<boolean> {
  const limit = seconds < 0 ? undefined : AbortSignal.timeout(seconds * 1000);
  try {
    await wait(limit);
    return true;
  } catch (error) {
    if (limit?.aborted && isWherryError(error, 'CANCELLED')) return false;
    throw error;
  }
}

function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
