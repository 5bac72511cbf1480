import { isWherryError, WherryError } from '../../errors.ts';
import { parseContainerName } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { changeRecord, requireContainer } from './container-records.ts';

export interface RenameRequest {
  readonly container: string;
  readonly name: string;
}

/**
 * Gives a container another name. Throws `CONTAINER_UNKNOWN`, `INVALID_ARGUMENT`, also for the name that it has,
 * `CONFLICT` when another one has it.
 */
export async function renameContainer({ store }: ContainerDeps, request: RenameRequest): Promise<void> {
  const { id, name: before } = requireContainer(store.metadata, request.container);
  if (request.name.replace(/^\//, '') === before)
    throw new WherryError('INVALID_ARGUMENT', 'Renaming a container with the same name as its current name', {
      details: { id, name: before },
    });
  try {
    const name = parseContainerName(request.name);
    changeRecord(store.metadata, id, (record) => ({ ...record, name }));
  } catch (cause) {
    if (!isWherryError(cause, 'INVALID_ARGUMENT', 'CONFLICT')) throw cause;
    const { code, details, message } = cause;
    throw new WherryError(code, `Error when allocating new name: ${message}`, { details, cause });
  }
}
