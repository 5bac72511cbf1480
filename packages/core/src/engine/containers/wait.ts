import type { VerbOptions } from '../../events.ts';
import { waitForExit } from '../../runtime/container-facts.ts';
import { deriveState } from '../../runtime/container-state.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { awaitLog, settle, tend } from './life/settle.ts';

/**
 * Waits until a container runs no more, and its log is complete; tells its exit code. Throws `CONTAINER_UNKNOWN`, `CANCELLED`.
 */
export async function waitForContainer(
  deps: ContainerDeps,
  idOrName: string,
  { signal }: VerbOptions = {},
): Promise<number> {
  const record = requireContainer(deps.store.metadata, idOrName);
  await tend(deps, record);
  const { paths } = containerPlaces(deps.store.root, record.id);
  // Its files may be gone a moment later.
  const { exitCode } = deriveState(record.state, await waitForExit(paths, signal));
  await awaitLog(paths);
  await settle(deps, record.id);
  return exitCode;
}
