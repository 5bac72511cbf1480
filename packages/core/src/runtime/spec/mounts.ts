import { WherryError } from '../../errors.ts';
import type { ContainerMount, ContainerOptions } from '../container-options.ts';
import type { HostFacts } from './host-facts.ts';
import { INIT_TARGET } from './process-spec.ts';
import type { SpecMount } from './runtime-spec.ts';

/** 64 MiB, as Docker has it. */
export const DEFAULT_SHM_BYTES = 64 << 20;

/** Files of a container's own that Docker makes and lays over the image's. Paths on the host. */
export interface NetworkFiles {
  readonly hosts: string;
  readonly resolvConf: string;
  readonly hostname: string;
}

export interface MountRequest {
  readonly options: ContainerOptions;
  readonly host: HostFacts;
  readonly files: NetworkFiles;
  /** The program of `--init` on the host; absent: none was asked for. */
  readonly initPath?: string;
}

/** The group of terminals. */
const TTY_GROUP = 5;
const TMPFS_DEFAULTS = ['noexec', 'nosuid', 'nodev'];

/**
 * All mounts of a container: system file systems, then its own files and what was asked for, parents first, so that
 * its own files lie over those of an `/etc` of the user's, as with Docker.
 */
export function containerMounts(request: MountRequest): readonly SpecMount[] {
  const asked = (request.options.mounts ?? []).map(askedMount);
  const taken = new Set(asked.map((mount) => mount.destination));
  const untaken = (mounts: readonly SpecMount[]) =>
    mounts.filter(({ destination }) => !taken.has(destination));
  // Who brings a whole /dev has the file systems in it, too.
  const system = systemMounts(request).filter(
    ({ destination }) => !(taken.has('/dev') && destination.startsWith('/dev/')),
  );
  const files = [...fileMounts(request.files), ...initMounts(request.initPath)];
  return [...untaken(system), ...byDepth([...untaken(files), ...asked])];
}

function systemMounts({ options, host }: MountRequest): SpecMount[] {
  const access = options.privileged ? 'rw' : 'ro';
  const kernel = ['nosuid', 'noexec', 'nodev'];
  // It cannot be given where a user namespace does not map it.
  const ptsGroup = host.groupCount > TTY_GROUP ? [`gid=${TTY_GROUP}`] : [];
  return [
    procMount(options, host, kernel),
    fileSystem('tmpfs', '/dev', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    fileSystem('devpts', '/dev/pts', [
      'nosuid',
      'noexec',
      'newinstance',
      'ptmxmode=0666',
      'mode=0620',
      ...ptsGroup,
    ]),
    sysMount(options, host, [...kernel, access]),
    ...(host.canMountCgroups ? [fileSystem('cgroup', '/sys/fs/cgroup', [access, ...kernel])] : []),
    ...(options.ipc === 'host'
      ? [bind('/dev/mqueue', '/dev/mqueue', kernel), bind('/dev/shm', '/dev/shm', kernel)]
      : [fileSystem('mqueue', '/dev/mqueue', kernel), ...shmMount(options, kernel)]),
  ];
}

function shmMount(options: ContainerOptions, kernel: readonly string[]): SpecMount[] {
  if (options.ipc === 'none') return [];
  const size = options.shmSizeBytes || DEFAULT_SHM_BYTES;
  return [{ ...fileSystem('tmpfs', '/dev/shm', [...kernel, 'mode=1777', `size=${size}`]), source: 'shm' }];
}

function procMount(options: ContainerOptions, host: HostFacts, kernel: readonly string[]): SpecMount {
  // It shows the processes; only the owner of their namespace may mount it.
  if (host.isUserNamespace && options.pid === 'host')
    return { destination: '/proc', type: 'none', source: '/proc', options: ['rbind', 'rslave', ...kernel] };
  return fileSystem('proc', '/proc', kernel);
}

function sysMount(options: ContainerOptions, host: HostFacts, access: readonly string[]): SpecMount {
  // sysfs shows the network; only the owner of the network namespace may mount it.
  if (host.isUserNamespace && options.network === 'host')
    return { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', 'rslave', ...access] };
  return fileSystem('sysfs', '/sys', access);
}

function fileMounts(files: NetworkFiles): SpecMount[] {
  return [
    bind(files.resolvConf, '/etc/resolv.conf', ['rprivate']),
    bind(files.hostname, '/etc/hostname', ['rprivate']),
    bind(files.hosts, '/etc/hosts', ['rprivate']),
  ];
}

function initMounts(initPath: string | undefined): SpecMount[] {
  return initPath === undefined ? [] : [bind(initPath, INIT_TARGET, ['ro', 'rprivate'])];
}

function askedMount(mount: ContainerMount): SpecMount {
  requireTarget(mount);
  if (mount.type === 'tmpfs') {
    const options = mount.options ?? [];
    const defaults = TMPFS_DEFAULTS.filter((each) => !options.includes(each.replace(/^no/, '')));
    return fileSystem('tmpfs', mount.target, [...defaults, ...options.filter((each) => each !== '')]);
  }
  const { source = '' } = mount;
  if (!source.startsWith('/'))
    throw invalidMount(mount.type, `invalid mount path: '${source}' mount path must be absolute`);
  const bind = mount.type === 'bind' ? mount : undefined;
  return {
    destination: mount.target,
    type: 'bind',
    source,
    options: [
      bind?.nonRecursive ? 'bind' : 'rbind',
      bind?.propagation ?? 'rprivate',
      ...(mount.readOnly ? ['ro'] : []),
    ],
  };
}

/** Throws `INVALID_ARGUMENT` in Docker's words for a place where nothing can be mounted. */
export function requireTarget({ target, type }: Pick<ContainerMount, 'target' | 'type'>): void {
  if (!target.startsWith('/'))
    throw invalidMount(type, `invalid mount path: '${target}' mount path must be absolute`);
  if (/^\/+$/.test(target.replace(/\/\.(?=\/|$)/g, '/')))
    throw invalidMount(type, "invalid specification: destination can't be '/'");
}

function invalidMount(type: string, fault: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `invalid mount config for type "${type}": ${fault}`);
}

function fileSystem(type: string, destination: string, options: readonly string[]): SpecMount {
  return { destination, type, source: type, options };
}

function bind(source: string, destination: string, options: readonly string[]): SpecMount {
  return { destination, type: 'bind', source, options: ['rbind', ...options] };
}

/** A mount at a place below another one comes after it, or it would be covered. */
function byDepth(mounts: readonly SpecMount[]): SpecMount[] {
  const depth = (mount: SpecMount) => mount.destination.split('/').filter((name) => name !== '').length;
  return [...mounts].sort((a, b) => depth(a) - depth(b));
}
