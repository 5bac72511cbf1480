import { isWherryError, WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { OutputSink } from '../../runtime/monitor/monitor.ts';
import type { TerminalSize } from '../../runtime/monitor/terminal.ts';
import type { StartedContainer } from '../../runtime/supervisor.ts';
import { joinContainer } from './attach.ts';
import { type ContainerDeps, lockContainer } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { launch } from './life/launch.ts';
import { resumeAbandoned } from './life/pauser.ts';
import { type ContainerSession, openSession } from './life/session.ts';
import { awaitStart, currentRecord, startMonitor } from './life/settle.ts';
import { removeContainer } from './remove.ts';

export interface StartOptions extends VerbOptions {
  /** Of the container's terminal, if it has one. */
  readonly size?: TerminalSize;
}

export interface SessionOptions extends StartOptions {
  /** Takes what the container prints; the next chunk comes when it is done with this one. */
  readonly sink: OutputSink;
}

/**
 * Starts a container in the background; one that runs already is left alone. Throws `CONTAINER_UNKNOWN`, `CONFLICT`
 * for one that is paused, and what hinders the start in Docker's words, with `run`'s exit code in `details.exitCode`.
 */
export async function startContainer(
  deps: ContainerDeps,
  idOrName: string,
  options: StartOptions = {},
): Promise<void> {
  const { id } = requireContainer(deps.store.metadata, idOrName);
  await launchOnce(deps, id, options, (_, { pipes }) => startMonitor(deps, id, { pipes }));
}

/**
 * Starts a container in the foreground of this process; `undefined`: it runs already. Throws as
 * `startContainer` does.
 */
export async function startSession(
  deps: ContainerDeps,
  idOrName: string,
  options: SessionOptions,
): Promise<ContainerSession | undefined> {
  const { id } = requireContainer(deps.store.metadata, idOrName);
  return await launchOnce(deps, id, options, (record, started) =>
    openSession(deps, record, started, options.sink),
  );
}

/**
 * Starts a container in the background, together with those who waited for it: each gets what it prints from the first
 * byte on. `undefined`: it runs already. Throws as `startContainer` does; one that is removed when it ends is then
 * removed, as with Docker.
 */
export async function startAttended(
  deps: ContainerDeps,
  idOrName: string,
  sinks: readonly OutputSink[],
  options: StartOptions = {},
): Promise<readonly ContainerSession[] | undefined> {
  const { id, autoRemove } = requireContainer(deps.store.metadata, idOrName);
  try {
    return await launchOnce(deps, id, options, async (record, { pipes }) => {
      startMonitor(deps, id, { pipes, attendants: sinks.length });
      return await Promise.all(sinks.map((sink) => joinContainer(deps, record, { ...options, sink })));
    });
  } catch (error) {
    if (autoRemove && !isWherryError(error, 'CONFLICT'))
      await removeContainer(deps, { container: id, force: true, volumes: true });
    throw error;
  }
}

/** Until `watch` is done nobody else takes the container for one that nobody watches over. */
async function launchOnce<T>(
  deps: ContainerDeps,
  id: string,
  options: StartOptions,
  watch: (record: ContainerRecord, started: StartedContainer) => T | Promise<T>,
): Promise<T | undefined> {
  const lock = await lockContainer(deps, id, options.signal);
  try {
    await awaitStart(deps, id);
    const record = requireContainer(deps.store.metadata, id);
    const { status } = currentRecord(deps, record).state;
    if (status === 'paused')
      throw new WherryError('CONFLICT', 'cannot start a paused container, try unpause instead', {
        details: { id },
      });
    if (status === 'running') {
      await resumeAbandoned(deps, currentRecord(deps, record));
      return undefined;
    }
    return await watch(record, await launch(deps, record, options));
  } finally {
    lock.release({ remove: true });
  }
}
