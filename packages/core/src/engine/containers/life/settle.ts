import { closeSync, existsSync, openSync } from 'node:fs';
import { readdir, rename, rmdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { systemClock } from '../../../clock.ts';
import type { FileLock } from '../../../content/file-lock.ts';
import { isErrno, isWherryError, WherryError } from '../../../errors.ts';
import { mountedBelow, unmountRootfs } from '../../../rootfs/overlay.ts';
import { removeTrees } from '../../../rootfs/remove-tree.ts';
import type { ContainerPaths } from '../../../runtime/container-directory.ts';
import {
  isStarting,
  isSupervised,
  noteIdentity,
  readContainerFacts,
} from '../../../runtime/container-facts.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import { deriveState } from '../../../runtime/container-state.ts';
import { execDirectories } from '../../../runtime/exec-directory.ts';
import { LOG_MODE } from '../../../runtime/monitor/log-writer.ts';
import { isMonitored } from '../../../runtime/monitor/monitor.ts';
import { startMonitorProcess } from '../../../runtime/monitor/monitor-process.ts';
import { isOutsideNamespace } from '../../../runtime/namespace/namespace-places.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { partWithVolumes } from '../../volumes/part-with-volumes.ts';
import { unmountSubpaths } from '../../volumes/subpath.ts';
import { type ContainerDeps, lockContainer, tryLockContainer } from '../container-deps.ts';
import { containerPlaces, containersDirectory, removedDirectory } from '../container-places.ts';
import { changeRecord, recordOf } from '../container-records.ts';
import { exitCommand } from './exit-process.ts';
import { resumeAbandoned } from './pauser.ts';

/** A monitor that was started is there after this. */
const MONITOR_START_MS = 2000;
/** One whose container has ended goes at once, unless it hangs. */
const MONITOR_END_MS = 10_000;
/** No runtime takes longer over a start, unless it hangs. */
const RUNTIME_START_MS = 20_000;
const POLL_MS = 10;

/** The container as it is now: its state is derived from the files and the kernel. */
export function currentRecord(
  { store }: Pick<ContainerDeps, 'store'>,
  record: ContainerRecord,
): ContainerRecord {
  const facts = readContainerFacts(containerPlaces(store.root, record.id).paths);
  return { ...record, state: deriveState(record.state, facts) };
}

/**
 * Clears away after a container that has ended, once, whoever comes first: root file system unmounted, layers let
 * go, its end recorded, and the container removed if it was to be. Nothing happens to one that runs.
 */
export async function settle(deps: ContainerDeps, id: string): Promise<void> {
  await settleUnder(await lockContainer(deps, id), deps, id);
}

async function settleUnder(lock: FileLock, deps: ContainerDeps, id: string): Promise<void> {
  try {
    await awaitStart(deps, id);
    const stored = deps.store.metadata.findContainer(id);
    if (stored?.id !== id) return;
    const record = currentRecord(deps, recordOf(stored));
    const { status } = record.state;
    if (status === 'running' || status === 'paused') return;
    await clearAway(deps, id);
    if (record.autoRemove && status !== 'created') await discard(deps, id, { volumes: true });
    else noteEnd(deps, id);
  } finally {
    lock.release({ remove: true });
  }
}

function noteEnd(deps: ContainerDeps, id: string): void {
  try {
    changeRecord(deps.store.metadata, id, (now) => currentRecord(deps, now));
  } catch (error) {
    // The next one who looks sees the same, and may have room to note it.
    if (!isWherryError(error, 'NO_SPACE')) throw error;
  }
}

/**
 * Puts in order what a killed wherry left: settles a container that has ended unnoticed, lets one go on that was to be
 * halted for a moment, gives one that runs a monitor. `isMounted`: it has a root file system, which only one has that
 * runs, or that somebody starts or looks into right now. What only the container itself saw leaves an empty directory.
 */
export async function tend(deps: ContainerDeps, recorded: ContainerRecord, isMounted = false): Promise<void> {
  // What is mounted in a user's namespace is not ours to take away from outside.
  if (isOutsideNamespace(deps.store.root)) return;
  const { id } = recorded;
  const current = currentRecord(deps, recorded);
  await resumeAbandoned(deps, current);
  const { status, startedAt } = current.state;
  const { paths, rootfs } = containerPlaces(deps.store.root, id);
  const wasAlive = recorded.state.status === 'running' || recorded.state.status === 'paused';
  if (status !== 'running' && status !== 'paused') {
    if (wasAlive) return await settle(deps, id);
    const lock = isMounted || (await isEmpty(rootfs)) ? await tryLockContainer(deps, id) : undefined;
    if (lock) await settleUnder(lock, deps, id);
    return;
  }
  if (deps.now().getTime() - Date.parse(startedAt) < MONITOR_START_MS) return;
  if (isMonitored(paths) || !isSupervised(paths)) return;
  noteIdentity(paths);
  startMonitor(deps, id);
}

/**
 * Waits while the runtime of somebody who was killed is still starting the container, whose lock the caller holds.
 * Throws `CONFLICT` when that takes too long.
 */
export async function awaitStart({ store }: Pick<ContainerDeps, 'store'>, id: string): Promise<void> {
  const { paths } = containerPlaces(store.root, id);
  for (let waited = 0; isStarting(paths); waited += POLL_MS) {
    if (waited > RUNTIME_START_MS)
      throw new WherryError('CONFLICT', `container ${id} is being started by a runtime that does not finish`);
    await systemClock.sleep(POLL_MS);
  }
}

/** Starts the process that watches over a container in the background, with its pipes if the caller has them. */
export function startMonitor(
  { store }: Pick<ContainerDeps, 'store'>,
  id: string,
  {
    attendants,
    ...options
  }: Parameters<typeof startMonitorProcess>[1] & { readonly attendants?: number } = {},
): void {
  const { paths, log } = containerPlaces(store.root, id);
  const stored = store.metadata.findContainer(id);
  const { driver, maxBytes, maxFiles } = (stored && recordOf(stored).options.log) ?? {};
  // Who follows the log of a container that has just been started has to have it, even when that is removed at once.
  if (driver !== 'none') closeSync(openSync(log, 'a', LOG_MODE));
  const task = {
    directory: paths.directory,
    ...(driver !== 'none' && { logPath: log }),
    ...(maxBytes !== undefined && { logMaxBytes: maxBytes }),
    ...(maxFiles !== undefined && { logMaxFiles: maxFiles }),
    ...(attendants !== undefined && { attendants }),
    exitCommand: exitCommand(store.root, id),
  };
  startMonitorProcess(task, options);
}

/**
 * Unmounts a container's root file system and lets go of its layers, and of what processes left that were killed. A
 * copy of the layers stays: its changes are in it.
 */
export async function clearAway(deps: ContainerDeps, id: string): Promise<void> {
  const { paths, rootfs } = containerPlaces(deps.store.root, id);
  // Its supervisor was killed, and could not see to that.
  const runtime = runtimeIfThere(deps);
  if (runtime && existsSync(runtime.statePath(id))) await runtime.delete(id, { force: true });
  await unmountSubpaths(deps.subpaths, id);
  if (await isMountedAt(rootfs)) await unmountRootfs(rootfs);
  // Of a copy it is full, and stays.
  else await removeEmpty(rootfs);
  await removeTrees(...(await execDirectories(paths.directory)));
  await deps.snapshots.releaseHold(id);
}

/** `undefined`: there is no runtime any more, so none has a container either. */
export function runtimeIfThere(deps: ContainerDeps): Runtime | undefined {
  try {
    return deps.runtime();
  } catch (error) {
    if (isWherryError(error, 'UNSUPPORTED')) return undefined;
    throw error;
  }
}

/** Waits until the log of a container that has ended is complete, or its monitor has had time enough. */
export async function awaitLog(paths: ContainerPaths): Promise<void> {
  for (let waited = 0; isMonitored(paths) && waited < MONITOR_END_MS; waited += POLL_MS)
    await systemClock.sleep(POLL_MS);
}

/** Forgets a container that has been cleared away, and removes its files; `volumes`: those without names go too. */
export async function discard(
  { store }: ContainerDeps,
  id: string,
  { volumes = false }: { readonly volumes?: boolean } = {},
): Promise<void> {
  const { metadata } = store;
  const { paths } = containerPlaces(store.root, id);
  const stored = metadata.findContainer(id);
  const image = stored?.imageId;
  const layers = metadata.layersOfContainer(id);
  // What its monitor writes last would come into a directory that is being emptied.
  await awaitLog(paths);
  const removed = removedDirectory(store.root, id);
  await renameIfThere(paths.directory, removed);
  // The files first: without their space a full disk has no room for the change of the metadata.
  await removeTrees(removed);
  metadata.deleteContainer(id);
  if (stored) await partWithVolumes(store, recordOf(stored), { remove: volumes });
  // Since its image was removed by force, what that was made of was the container's alone.
  if (image && !metadata.findImage(image)) await store.sweep([image, ...layers.map(({ digest }) => digest)]);
}

/** Tells whether it is there, with nothing in it. */
async function isEmpty(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length === 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

/** A removal that broke off has moved it already. */
async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** The names of the directories of all containers that have a root file system mounted. */
export async function mountedDirectories({ store }: Pick<ContainerDeps, 'store'>): Promise<Set<string>> {
  const mounts = await mountedBelow(containersDirectory(store.root));
  return new Set(mounts.map((rootfs) => basename(dirname(rootfs))));
}

export async function isMountedAt(rootfs: string): Promise<boolean> {
  return (await mountedBelow(dirname(rootfs))).length > 0;
}
