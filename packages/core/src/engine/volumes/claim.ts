import type { FileLock } from '../../content/file-lock.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import type { ContainerMount } from '../../runtime/container-options.ts';
import type { VolumeDeps } from './volume-deps.ts';
import { makeVolume } from './volume-files.ts';
import { VolumePlaces } from './volume-places.ts';
import { newVolumeRecord } from './volume-record.ts';
import { type NamedVolumeMount, volumeMounts } from './volume-users.ts';

/** Keeps volumes from being removed until a container's record names them. */
export interface VolumeClaim extends AsyncDisposable {
  /** Takes back those that were made without names: there will be no such container. */
  undo(): Promise<void>;
}

/**
 * Makes the volumes of a container that are not there, and holds them for it. The caller disposes the claim when the
 * container's record is there.
 */
export async function claimVolumes(
  { store, now }: VolumeDeps,
  container: string,
  mounts: readonly ContainerMount[],
): Promise<VolumeClaim> {
  const places = new VolumePlaces(store.root);
  const byName = new Map(volumeMounts(mounts).map((mount) => [mount.name, mount]));
  const locks: FileLock[] = [];
  const made: NamedVolumeMount[] = [];
  const claim: VolumeClaim = {
    undo: async () => {
      for (const { name, isAnonymous } of made) if (isAnonymous) await removeTrees(places.pathOf(name));
    },
    [Symbol.asyncDispose]: async () => {
      for (const lock of locks) lock.release({ remove: true });
    },
  };
  try {
    // In one order everywhere: two containers of the same volumes would wait for each other otherwise.
    for (const name of [...byName.keys()].sort()) {
      const mount = byName.get(name);
      locks.push(await places.lock(name));
      if (mount && (await makeVolume(places, recordFor(mount, container, now())))) made.push(mount);
    }
    return claim;
  } catch (error) {
    await claim.undo();
    await claim[Symbol.asyncDispose]();
    throw error;
  }
}

function recordFor({ name, labels, isAnonymous = false }: NamedVolumeMount, container: string, now: Date) {
  return newVolumeRecord({
    ...{ name, isAnonymous, now },
    ...(labels && { labels }),
    ...(isAnonymous && { madeFor: container }),
  });
}
