import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../../content/names-in.ts';
import { isErrno } from '../../../errors.ts';
import { mountedBelow, unmountRootfs } from '../../../rootfs/overlay.ts';
import { removeTrees } from '../../../rootfs/remove-tree.ts';
import { isStarting, readContainerFacts } from '../../../runtime/container-facts.ts';
import { type ContainerDeps, tryLockContainer } from '../container-deps.ts';
import {
  containerPlaces,
  containersDirectory,
  directoryName,
  isDirectoryName,
  removedId,
} from '../container-places.ts';

/** A directory among those of containers that belongs to none that is known. */
export interface Leftover {
  /** In `containersDirectory`. */
  readonly name: string;
  /** The container's, or as much of it as is known. */
  readonly id: string;
  /** Its removal broke off: nobody will ask for what is in it. */
  readonly isRemoved: boolean;
}

/** Lists what killed processes left, and what stands without its row, as after a loss of the metadata. */
export async function findLeftovers({ store }: Pick<ContainerDeps, 'store'>): Promise<Leftover[]> {
  const found: Leftover[] = [];
  const known = new Set(store.metadata.listContainers().map(({ id }) => directoryName(id)));
  for (const name of await namesIn(containersDirectory(store.root))) {
    const id = removedId(name);
    if (id !== undefined) found.push({ name, id, isRemoved: true });
    else if (isDirectoryName(name) && !known.has(name)) found.push({ name, id: name, isRemoved: false });
  }
  return found;
}

/**
 * Removes what is left of containers whose making or removal was killed. What may be all that a lost row has left
 * stays. Done by every list and removal: without leftovers it is a look into one directory.
 */
export async function clearLeftovers(deps: ContainerDeps): Promise<void> {
  for (const leftover of await findLeftovers(deps)) await removeLeftover(deps, leftover, { onlyEmpty: true });
}

/**
 * Removes a leftover, unless somebody is at it, or, with `onlyEmpty`, it has files and is not known to be removed.
 * Tells whether it is gone.
 */
export async function removeLeftover(
  deps: ContainerDeps,
  { name, id, isRemoved }: Leftover,
  { onlyEmpty }: { readonly onlyEmpty: boolean },
): Promise<boolean> {
  const lock = await tryLockContainer(deps, id);
  if (lock === undefined) return false;
  try {
    const directory = join(containersDirectory(deps.store.root), name);
    if (isRemoved) await removeTrees(directory);
    // Its row may have come while it was not locked yet.
    else if ((await findLeftovers(deps)).every((each) => each.name !== name)) return false;
    else if (onlyEmpty) return await isEmptied(directory);
    else return await removeUnknown(deps, id);
    return true;
  } finally {
    lock.release({ remove: true });
  }
}

/** A container whose process runs is left alone: its row was lost, and it is for the user to end it. */
async function removeUnknown({ store }: ContainerDeps, id: string): Promise<boolean> {
  const { paths, rootfs } = containerPlaces(store.root, id);
  if (isStarting(paths) || readContainerFacts(paths).isAlive) return false;
  if ((await mountedBelow(paths.directory)).length > 0) await unmountRootfs(rootfs);
  await removeTrees(paths.directory);
  return true;
}

async function isEmptied(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) return false;
    if (isErrno(error, 'ENOENT')) return true;
    throw error;
  }
}
