import { WherryError } from '../../errors.ts';
import { waitForExit } from '../../runtime/container-facts.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { deriveState } from '../../runtime/container-state.ts';
import { attachToContainer } from '../../runtime/monitor/attach-client.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import type { ContainerSession } from './life/session.ts';
import { currentRecord, settle, tend } from './life/settle.ts';
import type { SessionOptions } from './start.ts';

/**
 * Takes part in a container that runs: its output from now on, and its input. Throws `CONTAINER_UNKNOWN`, `CONFLICT`
 * when it does not run.
 */
export async function attachContainer(
  deps: ContainerDeps,
  idOrName: string,
  options: SessionOptions,
): Promise<ContainerSession> {
  const record = requireContainer(deps.store.metadata, idOrName);
  const { id } = record;
  await tend(deps, record);
  const { status } = currentRecord(deps, record).state;
  if (status !== 'running')
    throw new WherryError('CONFLICT', `You cannot attach to a ${describe(status)}`, {
      details: { id, status },
    });
  return await joinContainer(deps, record, options);
}

/** The same for one that was started, whether it runs still or not: its monitor has its output. */
export async function joinContainer(
  deps: ContainerDeps,
  record: ContainerRecord,
  { signal, sink }: SessionOptions,
): Promise<ContainerSession> {
  const { id } = record;
  const { paths } = containerPlaces(deps.store.root, id);
  const attachment = await attachToContainer(paths, signal);
  let isDetached = false;
  const watch = async () => {
    await attachment.output(sink);
    if (isDetached) return undefined;
    const { exitCode } = deriveState(record.state, await waitForExit(paths));
    await settle(deps, id);
    return exitCode;
  };
  return {
    id,
    exitCode: watch(),
    write: (chunk) => attachment.write(chunk),
    endStdin: () => void attachment.endStdin(),
    resize: (size) => attachment.resize(size),
    detach: () => {
      isDetached = true;
      void attachment.detach();
    },
  };
}

function describe(status: string): string {
  return status === 'paused' ? 'paused container, unpause it first' : 'stopped container, start it first';
}
