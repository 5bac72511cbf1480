import { readdir } from 'node:fs/promises';
import { isErrno, WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { type ContainerDeps, lockContainer } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { lockPauser } from './pauser.ts';
import { currentRecord, isMountedAt } from './settle.ts';

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

/**
 * The directory with what a container changed; `undefined`: it was never started. Throws `UNSUPPORTED` where its
 * root file system is a copy, in which what changed cannot be told from the rest.
 */
export async function changesOf({ store }: HoldDeps, record: ContainerRecord): Promise<string | undefined> {
  const { rootfs, upper } = containerPlaces(store.root, record.id);
  if ((await namesIn(rootfs)).length > 0 && !(await isMountedAt(rootfs)))
    throw new WherryError(
      'UNSUPPORTED',
      `container ${record.name} has a copy of its image's files: what it changed is not known`,
      { hint: 'keep the store on a file system that can be part of an overlay, such as ext4 or xfs' },
    );
  return (await namesIn(upper)).length > 0 ? upper : undefined;
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

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
