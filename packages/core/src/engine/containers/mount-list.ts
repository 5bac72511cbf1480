import type { ContainerMount } from '../../runtime/container-options.ts';

type BoundMount = Exclude<ContainerMount, { readonly type: 'tmpfs' }>;

/** Docker's `Mounts`: what lies at places in the container. Of `--tmpfs` only `HostConfig.Tmpfs` tells. */
export function mountPoints(mounts: readonly ContainerMount[]): Record<string, unknown>[] {
  return mounts.filter(isBound).map((mount) => ({
    Type: mount.type,
    Source: mount.source,
    Destination: mount.target,
    Mode: mount.createSource ? modeOf(mount) : '',
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? (mount.propagation ?? 'rprivate') : '',
  }));
}

/** How the mounts were asked for: `Binds` of `-v`, `Tmpfs` of `--tmpfs`, and `Mounts` of `--mount`. */
export function askedMounts(mounts: readonly ContainerMount[]): {
  readonly binds: readonly string[];
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly mounts: readonly Record<string, unknown>[];
} {
  const bound = mounts.filter(isBound);
  const memory = mounts.flatMap((mount) =>
    mount.type === 'tmpfs' ? [[mount.target, (mount.options ?? []).join(',')]] : [],
  );
  return {
    binds: bound.filter(({ createSource }) => createSource).map(bindText),
    tmpfs: Object.fromEntries(memory),
    mounts: bound.filter(({ createSource }) => !createSource).map(mountRequest),
  };
}

function isBound(mount: ContainerMount): mount is BoundMount {
  return mount.type !== 'tmpfs';
}

function bindText(mount: BoundMount): string {
  const mode = modeOf(mount);
  return `${mount.source}:${mount.target}${mode === '' ? '' : `:${mode}`}`;
}

function modeOf({ propagation, readOnly }: BoundMount): string {
  return [...(readOnly ? ['ro'] : []), ...(propagation ? [propagation] : [])].join(',');
}

function mountRequest(mount: BoundMount): Record<string, unknown> {
  const bindOptions = {
    ...(mount.propagation && { Propagation: mount.propagation }),
    ...(mount.nonRecursive && { NonRecursive: true }),
  };
  return {
    Type: mount.type,
    Source: mount.source,
    Target: mount.target,
    ...(mount.readOnly && { ReadOnly: true }),
    ...(Object.keys(bindOptions).length > 0 && { BindOptions: bindOptions }),
  };
}
