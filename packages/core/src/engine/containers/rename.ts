import { parseContainerName } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { changeRecord, requireContainer } from './container-records.ts';

export interface RenameRequest {
  readonly container: string;
  readonly name: string;
}

/** Gives a container another name. Throws `CONTAINER_UNKNOWN`, `INVALID_ARGUMENT`, `CONFLICT` when it is taken. */
export async function renameContainer({ store }: ContainerDeps, request: RenameRequest): Promise<void> {
  const name = parseContainerName(request.name);
  const { id } = requireContainer(store.metadata, request.container);
  changeRecord(store.metadata, id, (record) => ({ ...record, name }));
}
