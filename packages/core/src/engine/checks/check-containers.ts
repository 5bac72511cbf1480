import { join } from 'node:path';
import { tryFileLock } from '../../content/file-lock.ts';
import { namesIn } from '../../content/names-in.ts';
import { type ContainerDeps, locksDirectory } from '../containers/container-deps.ts';
import { containerPlaces, containersDirectory, directoryName } from '../containers/container-places.ts';
import { recordOf } from '../containers/container-records.ts';
import { findLeftovers, removeLeftover } from '../containers/life/leftovers.ts';
import {
  currentRecord,
  mountedDirectories,
  runtimeIfThere,
  settle,
  tend,
} from '../containers/life/settle.ts';
import type { Fault } from '../engine.ts';

/**
 * Looks for what killed processes left of containers: root file systems that nothing runs in, containers that only
 * the runtime knows, directories of none. With `repair` that is cleared away, and so is what is left of unpacking.
 * With `isLost`, when the metadata looks lost, what may be a lost row's stays.
 */
export async function checkContainers(
  deps: ContainerDeps,
  { repair, isLost }: { readonly repair: boolean; readonly isLost: boolean },
): Promise<Fault[]> {
  const faults = await strayMounts(deps, repair);
  faults.push(...(await strayContainers(deps, repair && !isLost)));
  faults.push(...(await strayDirectories(deps, repair, isLost)));
  if (repair) await tidy(deps, isLost);
  return faults;
}

async function strayMounts(deps: ContainerDeps, repair: boolean): Promise<Fault[]> {
  const faults: Fault[] = [];
  const mounted = await mountedDirectories(deps);
  for (const stored of deps.store.metadata.listContainers()) {
    const record = recordOf(stored);
    if (repair) await tend(deps, record);
    const { rootfs } = containerPlaces(deps.store.root, stored.id);
    const { status } = currentRecord(deps, record).state;
    if (!mounted.has(directoryName(stored.id)) || status === 'running' || status === 'paused') continue;
    if (repair) await settle(deps, stored.id);
    faults.push({
      kind: 'stray-mount',
      subject: rootfs,
      message: `${rootfs}: is mounted, and container ${stored.name} does not run`,
      ...(repair && { repaired: 'unmounted' }),
    });
  }
  return faults;
}

async function strayContainers(deps: ContainerDeps, repair: boolean): Promise<Fault[]> {
  const runtime = runtimeIfThere(deps);
  const faults: Fault[] = [];
  for (const id of (await runtime?.list()) ?? []) {
    if (deps.store.metadata.findContainer(id)) continue;
    if (repair) await runtime?.delete(id, { force: true });
    faults.push({
      kind: 'stray-container',
      subject: id,
      message: `container ${id}: ${runtime?.name} has it, the store does not`,
      ...(repair && { repaired: 'ended and removed' }),
    });
  }
  return faults;
}

async function strayDirectories(deps: ContainerDeps, repair: boolean, isLost: boolean): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const leftover of await findLeftovers(deps)) {
    const isGone = repair && (await removeLeftover(deps, leftover, { onlyEmpty: isLost }));
    const path = join(containersDirectory(deps.store.root), leftover.name);
    faults.push({
      kind: 'stray-file',
      subject: `containers/${leftover.name}`,
      message: `${path}: belongs to no container`,
      ...(isGone && { repaired: 'removed' }),
    });
  }
  return faults;
}

/** What is no fault, and nobody will look for again. */
async function tidy({ store, snapshots }: ContainerDeps, isLost: boolean): Promise<void> {
  if (!isLost)
    for (const holder of (await snapshots.holds()).keys())
      if (isContainerId(holder) && !store.metadata.findContainer(holder)) await snapshots.releaseHold(holder);
  await snapshots.clean();
  for (const name of await namesIn(locksDirectory(store.root)))
    tryFileLock(join(locksDirectory(store.root), name))?.release({ remove: true });
}

/** Builds hold layers too, under names of theirs. */
function isContainerId(holder: string): boolean {
  return /^[0-9a-f]{64}$/.test(holder);
}
