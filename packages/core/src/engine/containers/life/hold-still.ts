import type { VerbOptions } from '../../../events.ts';
import { type ContainerDeps, lockContainer } from '../container-deps.ts';
import { requireContainer } from '../container-records.ts';
import { lockPauser } from './pauser.ts';
import { currentRecord } from './settle.ts';

const SHORT_ID_CHARS = 12;

export type HoldDeps = Pick<ContainerDeps, 'store' | 'runtime'>;

export interface HoldOptions {
  /** Halts the processes of a container that runs. */
  readonly pause: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: VerbOptions['onProgress'];
}

/**
 * Keeps a container as it is until the result is disposed: nobody starts, clears away or removes it, and its
 * processes halt where that is wanted, and can be: who runs them without root is told that they go on. Throws `CONTAINER_UNKNOWN` when it was removed meanwhile, `CANCELLED`.
 */
export async function holdStill(
  deps: HoldDeps,
  id: string,
  { pause, signal, onProgress }: HoldOptions,
): Promise<AsyncDisposable> {
  const lock = await lockContainer(deps, id, signal);
  try {
    const isWanted = pause && statusOf(deps, id) === 'running';
    const canPause = isWanted && deps.runtime().canPause;
    if (isWanted && !canPause)
      onProgress?.({
        kind: 'warning',
        message: `container ${id.slice(0, SHORT_ID_CHARS)} goes on meanwhile: to pause it needs control groups`,
      });
    const halt = canPause ? await haltProcesses(deps, id, signal) : undefined;
    return {
      [Symbol.asyncDispose]: async () => {
        try {
          await halt?.[Symbol.asyncDispose]();
        } finally {
          lock.release({ remove: true });
        }
      },
    };
  } catch (error) {
    lock.release({ remove: true });
    throw error;
  }
}

/**
 * Halts the processes of a container that runs, whose lock the caller holds, until the result is disposed. If we are
 * killed before, whoever looks at the container next lets them go on.
 */
export async function haltProcesses(
  deps: HoldDeps,
  id: string,
  signal?: AbortSignal,
): Promise<AsyncDisposable> {
  const pauser = await lockPauser(deps, id, signal);
  try {
    const isPaused = await pauseIfRunning(deps, id);
    return {
      [Symbol.asyncDispose]: async () => {
        let isDone = false;
        try {
          if (isPaused) await unlessEnded(deps, id, () => deps.runtime().resume(id));
          isDone = true;
        } finally {
          pauser.release({ remove: isDone });
        }
      },
    };
  } catch (error) {
    pauser.release({ remove: true });
    throw error;
  }
}

function statusOf(deps: HoldDeps, id: string) {
  return currentRecord(deps, requireContainer(deps.store.metadata, id)).state.status;
}

function pauseIfRunning(deps: HoldDeps, id: string): Promise<boolean> {
  return unlessEnded(deps, id, async () => {
    const runtime = deps.runtime();
    // Nobody asked for that: a commit was killed while it had the container halted. This one lets it go on.
    if ((await runtime.state(id))?.status !== 'paused') await runtime.pause(id);
  });
}

/** Tells whether it was done; a container that ended meanwhile needs it no more. */
async function unlessEnded(deps: HoldDeps, id: string, action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    const status = statusOf(deps, id);
    if (status === 'running' || status === 'paused') throw error;
    return false;
  }
}
