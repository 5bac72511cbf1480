import { posix } from 'node:path';
import type { ContainerMount, ContainerOptions } from '../../../runtime/container-options.ts';

type BindMount = Extract<ContainerMount, { readonly type: 'bind' }>;
type VolumeMount = Extract<ContainerMount, { readonly type: 'volume' }>;

/**
 * Docker's `Mounts`: what lies at places in the container; `dataOf` tells where a volume has its files. Of `--tmpfs`
 * only `HostConfig.Tmpfs` tells.
 */
export function mountPoints(
  mounts: readonly ContainerMount[],
  dataOf: (volume: string) => string,
): Record<string, unknown>[] {
  return mounts.flatMap((mount) => {
    if (mount.type === 'bind') return [bindPoint(mount)];
    return mount.type === 'volume' ? [volumePoint(mount, dataOf)] : [];
  });
}

function bindPoint(mount: BindMount): Record<string, unknown> {
  return {
    Type: 'bind',
    Source: mount.source,
    Destination: mount.target,
    Mode: mount.createSource ? modeOf(mount) : '',
    RW: !mount.readOnly,
    Propagation: mount.propagation ?? 'rprivate',
  };
}

function volumePoint(mount: VolumeMount, dataOf: (volume: string) => string): Record<string, unknown> {
  const { isAnonymous, name = '', readOnly, subpath, target } = mount;
  return {
    Type: 'volume',
    Name: name,
    Source: subpath === undefined ? dataOf(name) : posix.join(dataOf(name), subpath),
    Destination: target,
    Driver: 'local',
    // Docker asks SELinux to share what has a name.
    Mode: isAnonymous ? '' : readOnly ? 'ro' : 'z',
    RW: !readOnly,
    Propagation: '',
  };
}

/**
 * How the mounts were asked for: `Binds` of `-v`, `Tmpfs` of `--tmpfs`, and `Mounts` of `--mount`. Which option it was
 * is not kept of a volume: with a name and without what only `--mount` can ask for, it counts as asked for by `-v`.
 */
export function askedMounts({ mounts = [] }: ContainerOptions): {
  readonly binds: readonly string[];
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly mounts: readonly Record<string, unknown>[];
} {
  const memory = mounts.flatMap((mount) =>
    mount.type === 'tmpfs' ? [[mount.target, (mount.options ?? []).join(',')]] : [],
  );
  const asked = mounts.filter((mount) => mount.type !== 'tmpfs' && !mount.isInherited);
  const texts = asked.map(bindText);
  return {
    binds: texts.filter((text) => text !== undefined),
    tmpfs: Object.fromEntries(memory),
    mounts: asked.filter((_, index) => texts[index] === undefined).flatMap(mountRequest),
  };
}

/** A mount as `-v` asks for it; `undefined`: `--mount` did, or nobody, as for an image's `VOLUME`. */
function bindText(mount: ContainerMount): string | undefined {
  if (mount.type === 'bind')
    return mount.createSource ? joined(mount.source, mount, modeOf(mount)) : undefined;
  if (mount.type !== 'volume' || mount.isAnonymous || mount.subpath || mount.labels) return undefined;
  return joined(mount.name ?? '', mount, volumeMode(mount));
}

function joined(source: string, { target }: ContainerMount, mode: string): string {
  return `${source}:${target}${mode === '' ? '' : `:${mode}`}`;
}

function modeOf({ propagation, readOnly }: BindMount): string {
  return [...(readOnly ? ['ro'] : []), ...(propagation ? [propagation] : [])].join(',');
}

function volumeMode({ noCopy, readOnly }: VolumeMount): string {
  return [...(readOnly ? ['ro'] : []), ...(noCopy ? ['nocopy'] : [])].join(',');
}

function mountRequest(mount: ContainerMount): Record<string, unknown>[] {
  if (mount.type === 'bind') return [bindRequest(mount)];
  return mount.type === 'volume' && !mount.isAnonymous ? [volumeRequest(mount)] : [];
}

function bindRequest(mount: BindMount): Record<string, unknown> {
  const options = {
    ...(mount.propagation && { Propagation: mount.propagation }),
    ...(mount.nonRecursive && { NonRecursive: true }),
  };
  return {
    Type: 'bind',
    Source: mount.source,
    Target: mount.target,
    ...(mount.readOnly && { ReadOnly: true }),
    ...(Object.keys(options).length > 0 && { BindOptions: options }),
  };
}

function volumeRequest({
  labels,
  name,
  noCopy,
  readOnly,
  subpath,
  target,
}: VolumeMount): Record<string, unknown> {
  const options = {
    ...(noCopy && { NoCopy: true }),
    ...(labels && { Labels: labels }),
    ...(subpath && { Subpath: subpath }),
  };
  return {
    Type: 'volume',
    Source: name,
    Target: target,
    ...(readOnly && { ReadOnly: true }),
    ...(Object.keys(options).length > 0 && { VolumeOptions: options }),
  };
}
