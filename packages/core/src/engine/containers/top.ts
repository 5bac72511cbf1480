import { WherryError } from '../../errors.ts';
import { type ProcessTable, processTable } from '../../runtime/process-table.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { isAlive } from './kill.ts';

export interface TopRequest {
  readonly container: string;
  /** Arguments of ps(1); absent: `-ef`. */
  readonly psArguments?: readonly string[];
}

/**
 * The processes of a container, as the host's ps(1) shows them. Throws `CONTAINER_UNKNOWN`, `CONFLICT` when it does
 * not run, `INVALID_ARGUMENT` for arguments that show no process IDs.
 */
export async function containerProcesses(deps: ContainerDeps, request: TopRequest): Promise<ProcessTable> {
  const record = requireContainer(deps.store.metadata, request.container);
  const { id } = record;
  if (!isAlive(deps, record))
    throw new WherryError('CONFLICT', `Container ${id} is not running`, { details: { id } });
  return await processTable(await deps.runtime().processIds(id), request.psArguments);
}
