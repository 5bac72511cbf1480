import { dirname } from 'node:path';
import { systemClock } from '../../clock.ts';
import { mountedBelow, unmountRootfs } from '../../rootfs/overlay.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import { readContainerFacts } from '../../runtime/container-facts.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { deriveState } from '../../runtime/container-state.ts';
import { isMonitored } from '../../runtime/monitor.ts';
import { startMonitorProcess } from '../../runtime/monitor-process.ts';
import { isOutsideNamespace } from '../../runtime/namespace-places.ts';
import { partWithVolumes } from '../volumes/part-with-volumes.ts';
import { unmountSubpaths } from '../volumes/subpath.ts';
import { type ContainerDeps, lockContainer } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { changeRecord, recordOf } from './container-records.ts';
import { exitCommand } from './exit-process.ts';
import { resumeAbandoned } from './pauser.ts';

/** A monitor that was started is there after this. */
const MONITOR_START_MS = 2000;
/** One whose container has ended goes at once, unless it hangs. */
const MONITOR_END_MS = 2000;
const MONITOR_POLL_MS = 10;

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
  const lock = await lockContainer(deps, id);
  try {
    const stored = deps.store.metadata.findContainer(id);
    if (stored?.id !== id) return;
    const record = currentRecord(deps, recordOf(stored));
    const { status } = record.state;
    if (status === 'running' || status === 'paused') return;
    await clearAway(deps, id);
    if (record.autoRemove && status !== 'created') await discard(deps, id, { volumes: true });
    else changeRecord(deps.store.metadata, id, (now) => currentRecord(deps, now));
  } finally {
    lock.release({ remove: true });
  }
}

/**
 * Puts in order what a killed wherry left: settles a container that has ended unnoticed, lets one go on that was to be
 * halted for a moment, gives one that runs a monitor.
 */
export async function tend(deps: ContainerDeps, recorded: ContainerRecord): Promise<void> {
  // What is mounted in a user's namespace is not ours to take away from outside.
  if (isOutsideNamespace(deps.store.root)) return;
  const current = currentRecord(deps, recorded);
  await resumeAbandoned(deps, current);
  const { status, startedAt } = current.state;
  const wasAlive = recorded.state.status === 'running' || recorded.state.status === 'paused';
  if (status !== 'running' && status !== 'paused') {
    if (wasAlive) await settle(deps, recorded.id);
    return;
  }
  if (deps.now().getTime() - Date.parse(startedAt) < MONITOR_START_MS) return;
  const places = containerPlaces(deps.store.root, recorded.id);
  if (!isMonitored(places.paths)) startMonitor(deps, recorded.id);
}

/** Starts the process that watches over a container in the background, with its pipes if the caller has them. */
export function startMonitor(
  { store }: Pick<ContainerDeps, 'store'>,
  id: string,
  options: Parameters<typeof startMonitorProcess>[1] = {},
): void {
  const { paths, log } = containerPlaces(store.root, id);
  const stored = store.metadata.findContainer(id);
  const { driver, maxBytes, maxFiles } = (stored && recordOf(stored).options.log) ?? {};
  const task = {
    directory: paths.directory,
    ...(driver !== 'none' && { logPath: log }),
    ...(maxBytes !== undefined && { logMaxBytes: maxBytes }),
    ...(maxFiles !== undefined && { logMaxFiles: maxFiles }),
    exitCommand: exitCommand(store.root, id),
  };
  startMonitorProcess(task, options);
}

/** Unmounts a container's root file system and lets go of its layers. A copy of them stays: its changes are in it. */
export async function clearAway({ store, snapshots, subpaths }: ContainerDeps, id: string): Promise<void> {
  await unmountSubpaths(subpaths, id);
  const { rootfs } = containerPlaces(store.root, id);
  if (await isMountedAt(rootfs)) await unmountRootfs(rootfs);
  await snapshots.releaseHold(id);
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
  metadata.deleteContainer(id);
  // What its monitor writes last would come into a directory that is being emptied.
  for (let waited = 0; isMonitored(paths) && waited < MONITOR_END_MS; waited += MONITOR_POLL_MS)
    await systemClock.sleep(MONITOR_POLL_MS);
  await removeTrees(paths.directory);
  if (stored) await partWithVolumes(store, recordOf(stored), { remove: volumes });
  // Since its image was removed by force, what that was made of was the container's alone.
  if (image && !metadata.findImage(image)) await store.sweep([image, ...layers.map(({ digest }) => digest)]);
}

export async function isMountedAt(rootfs: string): Promise<boolean> {
  return (await mountedBelow(dirname(rootfs))).length > 0;
}
