import type { ContainerStatus } from '../../runtime/container-state.ts';
import type { ContainerDeps } from './container-deps.ts';
import { recordOf } from './container-records.ts';
import { currentRecord } from './life/settle.ts';

/** What a command can be given: one that is paused, that runs, or that does neither. */
export type ContainerActivity = 'paused' | 'running' | 'stopped';

export interface ContainerName {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
}

/**
 * Names the containers, newest first, of all or those of one kind. It only looks: what a killed wherry left behind
 * stays as it is.
 */
export function containerNames(
  { store }: Pick<ContainerDeps, 'store'>,
  activity?: ContainerActivity,
): ContainerName[] {
  return store.metadata
    .listContainers()
    .map((stored) => currentRecord({ store }, recordOf(stored)))
    .filter(({ state }) => activity === undefined || activityOf(state.status) === activity)
    .map(({ id, name }) => ({ id, name }));
}

function activityOf(status: ContainerStatus): ContainerActivity {
  return status === 'running' || status === 'paused' ? status : 'stopped';
}
