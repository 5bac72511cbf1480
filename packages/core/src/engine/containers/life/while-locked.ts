import type { ContainerRecord } from '../../../runtime/container-record.ts';
import { type ContainerDeps, lockContainer } from '../container-deps.ts';
import { requireContainer } from '../container-records.ts';
import { currentRecord } from './settle.ts';

/**
 * Works on a container that nobody else starts, halts or removes meanwhile: a commit holds the lock, too, as long as it
 * has the container halted. Throws `CONTAINER_UNKNOWN`, also for one that is removed before its turn comes.
 */
export async function whileLocked(
  deps: ContainerDeps,
  idOrName: string,
  work: (record: ContainerRecord) => Promise<void>,
): Promise<void> {
  const { id } = requireContainer(deps.store.metadata, idOrName);
  const lock = await lockContainer(deps, id);
  try {
    await work(currentRecord(deps, requireContainer(deps.store.metadata, id)));
  } finally {
    lock.release({ remove: true });
  }
}
