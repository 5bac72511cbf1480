import { lstatSync } from 'node:fs';
import { WherryError } from '../../errors.ts';
import type { ContainerMount } from '../../runtime/container-options.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { ZERO_TIME } from '../../runtime/container-state.ts';
import { resolveInRootfs } from '../../runtime/spec/rootfs-path.ts';
import type { ContainerDeps } from '../containers/container-deps.ts';
import { fillVolume } from './fill.ts';
import { mountSubpath, subpathTarget } from './subpath.ts';
import { noSuchVolume } from './volume-files.ts';
import { VolumePlaces } from './volume-places.ts';
import { type NamedVolumeMount, volumeMounts } from './volume-users.ts';

/**
 * Makes a container's volumes ready to be mounted, and returns its mounts, each volume with its directory: at the
 * first start, empty ones get what the image has at their places in `rootfs`. What is mounted for subpaths stays
 * until `unmountSubpaths`. Throws `VOLUME_UNKNOWN`, `INVALID_ARGUMENT` in Docker's words, and what `fillVolume` throws.
 */
export async function openVolumes(
  { store, subpaths }: Pick<ContainerDeps, 'store' | 'subpaths'>,
  { id, options, state }: ContainerRecord,
  rootfs: string,
  signal?: AbortSignal,
): Promise<ContainerMount[]> {
  const places = new VolumePlaces(store.root);
  const isFirstStart = state.startedAt === ZERO_TIME;
  const mounts: ContainerMount[] = [];
  for (const [index, mount] of (options.mounts ?? []).entries()) {
    const [volume] = volumeMounts([mount]);
    if (volume === undefined) {
      mounts.push(mount);
      continue;
    }
    if (!places.has(volume.name)) throw noSuchVolume(volume.name);
    const from = isFirstStart ? contentFor(volume, rootfs) : undefined;
    await fillVolume(places, { name: volume.name, ...(from !== undefined && { from }) }, signal);
    const source = await sourceOf(places.dataOf(volume.name), volume, subpathTarget(subpaths, id, index));
    mounts.push({ ...volume, source });
  }
  return mounts;
}

async function sourceOf(data: string, { subpath }: NamedVolumeMount, target: string): Promise<string> {
  if (!subpath) return data;
  await mountSubpath({ data, subpath, target });
  return target;
}

/** The directory of the image's that a volume hides. Throws `INVALID_ARGUMENT` where there is something else. */
function contentFor({ target, noCopy }: NamedVolumeMount, rootfs: string): string | undefined {
  const { path, missing } = resolveInRootfs(rootfs, target);
  if (missing.length > 0) return undefined;
  if (lstatSync(path).isDirectory()) return noCopy ? undefined : path;
  throw new WherryError('INVALID_ARGUMENT', `cannot mount volume over existing file, file exists ${target}`);
}
