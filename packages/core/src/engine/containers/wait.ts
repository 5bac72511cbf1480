import type { VerbOptions } from '../../events.ts';
import { waitForExit } from '../../runtime/container-facts.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { currentRecord, settle, tend } from './settle.ts';

/**
 * Waits until a container runs no more; tells its exit code. Throws `CONTAINER_UNKNOWN`, `CANCELLED`.
 */
export async function waitForContainer(
  deps: ContainerDeps,
  idOrName: string,
  { signal }: VerbOptions = {},
): Promise<number> {
  const record = requireContainer(deps.store.metadata, idOrName);
  await tend(deps, record);
  const { paths } = containerPlaces(deps.store.root, record.id);
  await waitForExit(paths, signal);
  const { state } = currentRecord(deps, record);
  await settle(deps, record.id);
  return state.exitCode;
}
