import type { VerbOptions } from '../../events.ts';
import type { ContainerDeps } from './container-deps.ts';
import { startContainer } from './start.ts';
import { type StopRequest, stopContainer } from './stop.ts';

/** Stops a container, if it runs, and starts it in the background. Throws as `stopContainer` and `startContainer`. */
export async function restartContainer(
  deps: ContainerDeps,
  request: StopRequest,
  options: VerbOptions = {},
): Promise<void> {
  await stopContainer(deps, request, options);
  await startContainer(deps, request.container, options);
}
