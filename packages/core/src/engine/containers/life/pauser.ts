import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { acquireFileLock, type FileLock, tryFileLock } from '../../../content/file-lock.ts';
import { isWherryError } from '../../../errors.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import type { ContainerDeps } from '../container-deps.ts';

type PauserDeps = Pick<ContainerDeps, 'store' | 'runtime'>;

/** Where the one who halts a container for a while keeps a lock, beside the container's own. */
function pauserPath({ store }: PauserDeps, id: string): string {
  return join(store.root, 'containers', 'locks', `${id}.pauser`);
}

/**
 * Says before a container is halted that its processes go on when we are done, or gone. The caller holds the
 * container's lock.
 */
export function lockPauser(deps: PauserDeps, id: string, signal?: AbortSignal): Promise<FileLock> {
  return acquireFileLock(pauserPath(deps, id), { signal });
}

/**
 * Lets a container go on whose pauser was killed; `current` is its record as it is now. One that a user paused, or
 * whose pauser lives, stays as it is.
 */
export async function resumeAbandoned(deps: PauserDeps, current: ContainerRecord): Promise<void> {
  const { id, state } = current;
  const path = pauserPath(deps, id);
  if (!existsSync(path)) return;
  const lock = tryFileLock(path);
  if (lock === undefined) return;
  let isDone = false;
  try {
    if (state.status === 'running') await resumeIfPaused(deps, id);
    isDone = true;
  } finally {
    lock.release({ remove: isDone });
  }
}

async function resumeIfPaused(deps: PauserDeps, id: string): Promise<void> {
  const runtime = deps.runtime();
  const isPaused = async () => (await runtime.state(id))?.status === 'paused';
  if (!(await isPaused())) return;
  try {
    await runtime.resume(id);
  } catch (error) {
    // It was killed just now.
    if (!isWherryError(error) || (await isPaused())) throw error;
  }
}
