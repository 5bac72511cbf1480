import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { currentRecord, tend } from './life/settle.ts';

/** What is kept of a container, with the state that it is in now. Throws `CONTAINER_UNKNOWN`. */
export async function inspectContainer(deps: ContainerDeps, idOrName: string): Promise<ContainerRecord> {
  const { metadata } = deps.store;
  const { id } = requireContainer(metadata, idOrName);
  await tend(deps, requireContainer(metadata, id));
  return currentRecord(deps, requireContainer(metadata, id));
}
