import { existsSync } from 'node:fs';
import { WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { readContainerFacts } from '../../runtime/container-facts.ts';
import {
  type ContainerFacts,
  type ContainerState,
  deriveState,
  UNWATCHED_EXIT_CODE,
} from '../../runtime/container-state.ts';
import { watchContainer } from '../../runtime/container-watch.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { recordOf, requireContainer } from './container-records.ts';
import { awaitLog, settle, tend } from './life/settle.ts';

/** What is waited for: that it does not run, that a run of it ends, now or later, or that it is gone. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitUntilRequest {
  readonly container: string;
  /** Absent: `not-running`. */
  readonly condition?: WaitCondition;
}

export interface WaitUntilOptions extends VerbOptions {
  /** Told when the container is known, and what counts as its next run is settled. */
  readonly onWaiting?: () => void;
}

/** How a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  /** Why it could not be started, if that was so; empty otherwise. */
  readonly error: string;
}

/**
 * Waits for what happens to a container, also to one that is still to be started. Throws `CONTAINER_UNKNOWN`,
 * `CONFLICT` when it was removed before it ran, `CANCELLED`.
 */
export async function waitUntil(
  deps: ContainerDeps,
  { container, condition = 'not-running' }: WaitUntilRequest,
  { signal, onWaiting }: WaitUntilOptions = {},
): Promise<ContainerEnd> {
  const { metadata } = deps.store;
  const record = requireContainer(metadata, container);
  const { id } = record;
  await tend(deps, record);
  const { paths } = containerPlaces(deps.store.root, id);
  using watch = watchContainer(paths);
  const first = readContainerFacts(paths);
  const awaitsRun = condition === 'next-exit' && !first.isAlive;
  let seen = deriveState(requireContainer(metadata, id).state, first);
  onWaiting?.();
  for (;;) {
    // In this order the end of one that is removed at once is seen before it is gone.
    const facts = readContainerFacts(paths);
    const stored = metadata.findContainer(id);
    const isThere = stored?.id === id;
    // A container's files go before what is kept of it: without them it seems to have ended unwatched.
    if (facts.exit || existsSync(paths.directory))
      seen = deriveState(isThere ? recordOf(stored).state : seen, facts);
    if (!isThere) return endOfRemoved(seen, id, condition);
    if (!facts.isAlive && condition !== 'removed' && (!awaitsRun || hasRunSince(first, facts))) break;
    await watch.next(signal);
  }
  await awaitLog(paths);
  await settle(deps, id);
  return endOf(seen);
}

/** Who was removed before its exit code was seen has ended unwatched. */
function endOf({ error, exitCode, status }: ContainerState): ContainerEnd {
  const isMissed = status === 'running' || status === 'paused';
  return { exitCode: isMissed ? UNWATCHED_EXIT_CODE : exitCode, error };
}

function endOfRemoved(state: ContainerState, id: string, condition: WaitCondition): ContainerEnd {
  if (condition === 'next-exit' && state.status === 'created' && state.error === '')
    throw new WherryError('CONFLICT', `container ${id} was removed before it ran`, { details: { id } });
  return endOf(state);
}

/** Tells whether a run that began since has ended; while one begins, what tells of the last one is gone. */
function hasRunSince(first: ContainerFacts, now: ContainerFacts): boolean {
  if (now.exit) return now.exit.at.getTime() !== first.exit?.at.getTime();
  return now.startedAt !== undefined && now.startedAt.getTime() !== first.startedAt?.getTime();
}
