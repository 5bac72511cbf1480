import { WherryError } from '../../errors.ts';
import { resizeTerminal, type TerminalSize } from '../../runtime/monitor/terminal.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { isAlive } from './kill.ts';

export interface ResizeRequest {
  readonly container: string;
  readonly size: TerminalSize;
}

/**
 * Changes the size of a container's terminal; without one nothing happens. Throws `CONTAINER_UNKNOWN`, `CONFLICT` when
 * it does not run, `INVALID_ARGUMENT`.
 */
export async function resizeContainer(
  deps: ContainerDeps,
  { container, size }: ResizeRequest,
): Promise<void> {
  const record = requireContainer(deps.store.metadata, container);
  const { id } = record;
  if (!isAlive(deps, record))
    throw new WherryError('CONFLICT', `Container ${id} is not running`, { details: { id } });
  await resizeTerminal(containerPlaces(deps.store.root, id).paths.terminal, size);
}
