import type { ContainerDeps } from './container-deps.ts';
import { recordOf } from './container-records.ts';
import { currentRecord, settle, tend } from './settle.ts';

/** Puts in order what killed processes left of all containers: halted processes, mounts, ends that nobody recorded. */
export async function tendAll(deps: ContainerDeps): Promise<void> {
  for (const stored of deps.store.metadata.listContainers()) {
    const record = recordOf(stored);
    await tend(deps, record);
    const { status } = currentRecord(deps, record).state;
    if (status !== 'running' && status !== 'paused') await settle(deps, record.id);
  }
}
