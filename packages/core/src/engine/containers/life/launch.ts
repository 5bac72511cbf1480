import type { Digest } from '../../../digest.ts';
import { isWherryError } from '../../../errors.ts';
import type { VerbOptions } from '../../../events.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import type { TerminalSize } from '../../../runtime/monitor/terminal.ts';
import { memoryEventsFile, writeBundle } from '../../../runtime/spec/bundle.ts';
import { closePipes, type StartedContainer, startSupervised } from '../../../runtime/supervisor.ts';
import type { StdinMode } from '../../../runtime/supervisor-process.ts';
import { openVolumes } from '../../volumes/open-volumes.ts';
import { unmountSubpaths } from '../../volumes/subpath.ts';
import type { ContainerDeps } from '../container-deps.ts';
import { type ContainerPlaces, containerPlaces } from '../container-places.ts';
import { changeRecord } from '../container-records.ts';
import { readConfig } from '../create.ts';
import { killAndWait } from '../stop.ts';
import { mountLayers, planOwnOverlay, requireRoot } from './mount-layers.ts';
import { clearAway } from './settle.ts';

/** A terminal whose size nobody told. */
const DEFAULT_SIZE: TerminalSize = { rows: 24, columns: 80 };
const START_FAILED = 128;

interface LaunchOptions extends VerbOptions {
  /** Of its terminal, if it has one. */
  readonly size?: TerminalSize;
}

/**
 * Starts a container whose lock the caller holds: layers unpacked and held, root file system mounted, bundle
 * written, process started. What fails leaves nothing behind but a note in the record. Throws what it failed
 * with; `details.exitCode` is what `run` then ends with.
 */
export async function launch(
  deps: ContainerDeps,
  record: ContainerRecord,
  options: LaunchOptions = {},
): Promise<StartedContainer> {
  requireRoot(options);
  const { id } = record;
  const places = containerPlaces(deps.store.root, id);
  let started: StartedContainer | undefined;
  try {
    started = await startProcess(deps, record, places, options);
    const { pid } = started;
    changeRecord(deps.store.metadata, id, (now) => ({
      ...now,
      state: {
        ...now.state,
        ...{ status: 'running', pid, exitCode: 0, error: '', oomKilled: false },
        startedAt: deps.now().toISOString(),
      },
    }));
    return started;
  } catch (error) {
    if (started) {
      // It could not be recorded, as on a disk that is full.
      closePipes(started.pipes);
      await killAndWait(deps, id);
    }
    await clearAway(deps, id);
    noteFailure(deps, id, error);
    throw error;
  }
}

async function startProcess(
  deps: ContainerDeps,
  record: ContainerRecord,
  { paths, rootfs }: ContainerPlaces,
  options: LaunchOptions,
): Promise<StartedContainer> {
  const { id } = record;
  const { config: image = {} } = await readConfig(deps.store, { id: record.imageId as Digest });
  const { tty, size = DEFAULT_SIZE } = { ...options, ...record.options };
  const memoryEvents = memoryEventsFile(id, record.options);
  const prepare = async (seenAt: string) => {
    const mounts = await openVolumes(deps, record, rootfs, options.signal);
    const own = { ...record.options, mounts, ...(tty && { consoleSize: size }) };
    await writeBundle({ id, image, options: own, rootfs, paths, seenAt });
  };
  const request = {
    ...{ runtime: deps.runtime(), id, paths, stdin: stdinMode(record), prepare },
    ...(tty && { tty: size }),
    ...(memoryEvents !== undefined && { memoryEvents }),
  };
  try {
    const overlay = await planOwnOverlay(deps, record, options);
    const started = overlay && (await startSupervised({ ...request, overlay }));
    if (started && !('refusal' in started)) return started;
    await mountLayers(deps, record, options);
    return await startSupervised(request);
  } finally {
    await unmountSubpaths(deps.subpaths, id);
  }
}

function stdinMode({ openStdin, stdinOnce }: ContainerRecord): StdinMode {
  if (!openStdin) return 'none';
  return stdinOnce ? 'once' : 'open';
}

function noteFailure({ store }: ContainerDeps, id: string, error: unknown): void {
  if (!isWherryError(error) || error.kind === 'cancelled') return;
  const { exitCode = START_FAILED } = error.details;
  try {
    changeRecord(store.metadata, id, (record) => ({
      ...record,
      state: { ...record.state, exitCode: Number(exitCode), error: error.message },
    }));
  } catch (failure) {
    // What could not be started for want of space cannot be noted either, and the first failure says it better.
    if (!isWherryError(failure, 'NO_SPACE')) throw failure;
  }
}
