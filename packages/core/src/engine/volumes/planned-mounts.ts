import { posix } from 'node:path';
import { WherryError } from '../../errors.ts';
import type { MetadataStore } from '../../metadata/metadata-store.ts';
import type { ContainerConfig } from '../../oci/image-config.ts';
import type { ContainerMount, ContainerOptions, VolumesFrom } from '../../runtime/container-options.ts';
import { requireTarget } from '../../runtime/spec/mounts.ts';
import { requireContainer } from '../containers/container-records.ts';
import { makeVolumeName } from './create.ts';
import { requireVolumeName } from './volume-record.ts';

/**
 * All mounts of a container that is being made, in Docker's order of precedence: what was asked for, what other
 * containers have, and a volume of its own for each path of the image's `VOLUME`s and of `options.volumes` that has
 * nothing yet. Every volume has a name then. Throws `CONTAINER_UNKNOWN`, `INVALID_ARGUMENT` in Docker's words.
 */
export function plannedMounts(
  metadata: MetadataStore,
  image: ContainerConfig,
  options: ContainerOptions,
): ContainerMount[] {
  const mounts = new Map<string, ContainerMount>();
  for (const from of options.volumesFrom ?? [])
    for (const mount of mountsOf(metadata, from)) mounts.set(mount.target, mount);
  const asked = new Set<string>();
  for (const mount of (options.mounts ?? []).map(settled)) {
    if (asked.has(mount.target))
      throw new WherryError('INVALID_ARGUMENT', `Duplicate mount point: ${mount.target}`);
    asked.add(mount.target);
    mounts.set(mount.target, mount);
  }
  for (const path of volumePaths(image, options)) {
    // Docker's classic builder writes paths such as `[/x]` into images: they count from the container's root.
    const mount = settled({ type: 'volume', target: posix.join('/', path) });
    if (!mounts.has(mount.target)) mounts.set(mount.target, mount);
  }
  return [...mounts.values()];
}

/** Paths that get volumes: Docker's `Config.Volumes`. */
export function volumePaths(image: ContainerConfig, { volumes = [] }: ContainerOptions): string[] {
  return [...new Set([...Object.keys(image.Volumes ?? {}), ...volumes])].sort();
}

function mountsOf(metadata: MetadataStore, { container, readOnly }: VolumesFrom): ContainerMount[] {
  if (container === '')
    throw new WherryError('INVALID_ARGUMENT', 'volumes-from specification cannot be an empty string');
  const { mounts = [] } = requireContainer(metadata, container).options;
  return mounts.flatMap((mount) => {
    if (mount.type === 'tmpfs') return [];
    // What that container's image has at the place came in with that container.
    const shared = mount.type === 'volume' ? { ...mount, noCopy: true } : mount;
    return [{ ...shared, isInherited: true, ...(readOnly && { readOnly }) }];
  });
}

/** A mount with a plain target, a volume with a name. */
function settled(mount: ContainerMount): ContainerMount {
  requireTarget(mount);
  const target = posix.normalize(mount.target).replace(/\/$/, '');
  if (mount.type !== 'volume') return { ...mount, target };
  if (mount.name === undefined) return { ...mount, target, name: makeVolumeName(), isAnonymous: true };
  requireVolumeName(mount.name);
  return { ...mount, target };
}
