import { WherryError } from '../../errors.ts';
import type { ContainerOptions } from '../container-options.ts';
import type { CapabilityRequest } from './capabilities.ts';
import { containerCapabilities } from './capabilities.ts';
import type { ContainerDevices } from './devices.ts';
import type { HostFacts } from './host-facts.ts';
import { containerMounts, type NetworkFiles } from './mounts.ts';
import {
  configuredEnv,
  containerCommand,
  type ImageDefaults,
  INIT_TARGET,
  processEnv,
  rlimits,
  workingDirectory,
} from './process-spec.ts';
import { cgroupResources } from './resources.ts';
import type {
  RuntimeSpec,
  SpecBlockIo,
  SpecCapabilities,
  SpecLinux,
  SpecNamespace,
  SpecProcess,
} from './runtime-spec.ts';
import { seccompFilter } from './seccomp.ts';
import { type ContainerUser, specUser } from './user.ts';

/** What Docker hides, with the files that later releases added against measuring of power. */
export const MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** Cgroups of containers lie below this one. */
const CGROUP_PARENT = '/wherry';

const SHORT_ID_CHARS = 12;

/** All that makes up one container's specification; what comes from files has been read already. */
export interface SpecRequest {
  readonly id: string;
  readonly image: ImageDefaults;
  readonly options: ContainerOptions;
  /** The root file system on the host, absolute. */
  readonly rootfs: string;
  readonly user: ContainerUser;
  readonly devices: ContainerDevices;
  readonly blockIo?: SpecBlockIo;
  readonly files: NetworkFiles;
  /** The program of `--init` on the host. */
  readonly initPath?: string;
  readonly host: HostFacts;
}

/**
 * Writes the specification of a container: what the image says, what the options change, and Docker's defaults
 * for all the rest. Pure. Throws `INVALID_ARGUMENT` in Docker's words.
 */
export function runtimeSpec(request: SpecRequest): RuntimeSpec {
  const { options, host } = request;
  const hasOwnName = options.uts !== 'host';
  return {
    ociVersion: '1.0.2',
    process: specProcess(request),
    root: { path: request.rootfs, readonly: options.readOnlyRootfs ?? false },
    ...(hasOwnName && { hostname: containerHostname(request) }),
    mounts: containerMounts({
      options,
      host,
      files: request.files,
      ...(request.initPath !== undefined && { initPath: request.initPath }),
    }),
    ...(options.annotations && { annotations: options.annotations }),
    linux: specLinux(request),
  };
}

/**
 * What the container calls itself: a name of its own; the host's on the host's network, unless its names are private;
 * its short ID.
 */
export function containerHostname({
  id,
  options,
  host,
}: Pick<SpecRequest, 'id' | 'options' | 'host'>): string {
  if (options.hostname) return options.hostname;
  const { network, uts = network } = options;
  return uts === 'host' ? host.hostname : id.slice(0, SHORT_ID_CHARS);
}

/** The cgroup of a container, from the root of each hierarchy. Throws `INVALID_ARGUMENT`. */
export function cgroupPath(id: string, { cgroupParent }: Pick<ContainerOptions, 'cgroupParent'>): string {
  if (!cgroupParent) return `${CGROUP_PARENT}/${id}`;
  const names = cgroupParent.split('/').filter((name) => name !== '');
  if (names.length > 0 && !names.includes('..') && !names.includes('.')) return `/${names.join('/')}/${id}`;
  throw new WherryError('INVALID_ARGUMENT', `invalid cgroup parent: ${cgroupParent}`);
}

function specProcess(request: SpecRequest): SpecProcess {
  const { image, options, user } = request;
  const { argv } = containerCommand(image, options);
  const limits = rlimits(options);
  return {
    terminal: options.tty ?? false,
    ...(options.tty &&
      options.consoleSize && {
        consoleSize: { height: options.consoleSize.rows, width: options.consoleSize.columns },
      }),
    user: specUser(user, request.host),
    args: request.initPath === undefined ? argv : [INIT_TARGET, '--', ...argv],
    env: processEnv(configuredEnv(image, options), {
      hostname: containerHostname(request),
      home: user.home,
      tty: options.tty ?? false,
    }),
    cwd: workingDirectory(image, options),
    capabilities: specCapabilities(options, user, request.host),
    ...(limits.length > 0 && { rlimits: limits }),
    noNewPrivileges: options.security?.noNewPrivileges ?? false,
    ...oomScore(options, request.host),
  };
}

/** Who has no privileges may not take back what their session was given. */
function oomScore({ oomScoreAdj }: ContainerOptions, host: HostFacts): { oomScoreAdj?: number } {
  if (oomScoreAdj === undefined && host.isUserNamespace) return {};
  return { oomScoreAdj: oomScoreAdj ?? 0 };
}

function specCapabilities(
  options: CapabilityRequest,
  user: ContainerUser,
  host: HostFacts,
): SpecCapabilities {
  const bounding = containerCapabilities(options, host.capabilities);
  // Whoever is not root loses the others at exec anyway; inheritable ones would come back through files.
  return user.uid === 0 ? { bounding, effective: bounding, permitted: bounding } : { bounding };
}

function specLinux(request: SpecRequest): SpecLinux {
  const { id, options, host, devices } = request;
  const isPrivileged = options.privileged ?? false;
  const seccomp =
    isPrivileged && options.security?.seccomp === undefined ? undefined : seccompOf(options, host);
  const limits = cgroupResources(options.resources ?? {}, host);
  const resources = host.canUseCgroups
    ? { devices: devices.rules, ...limits, ...(request.blockIo && { blockIO: request.blockIo }) }
    : undefined;
  return {
    namespaces: namespaces(options, host).map((type) => ({ type })),
    ...(resources && { cgroupsPath: cgroupPath(id, options), resources }),
    ...(devices.devices.length > 0 && { devices: devices.devices }),
    sysctl: sysctls(options, host),
    ...(seccomp && { seccomp }),
    ...(!isPrivileged && { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
  };
}

function seccompOf(options: ContainerOptions, host: HostFacts) {
  return seccompFilter(options.security?.seccomp, {
    capabilities: containerCapabilities(options, host.capabilities),
    architecture: host.architecture,
    kernelRelease: host.kernelRelease,
  });
}

function namespaces(options: ContainerOptions, host: HostFacts): SpecNamespace[] {
  return [
    'mount',
    ...(options.network === 'host' ? [] : (['network'] as const)),
    ...(options.uts === 'host' ? [] : (['uts'] as const)),
    ...(options.pid === 'host' ? [] : (['pid'] as const)),
    ...(options.ipc === 'host' ? [] : (['ipc'] as const)),
    ...(cgroupNamespace(options, host) === 'private' ? (['cgroup'] as const) : []),
  ];
}

/** Whose cgroups a container sees as the root of them. */
export function cgroupNamespace(
  options: Pick<ContainerOptions, 'cgroupns' | 'privileged'>,
  host: Pick<HostFacts, 'cgroupVersion'>,
): 'host' | 'private' {
  return options.cgroupns ?? (host.cgroupVersion === 2 && !options.privileged ? 'private' : 'host');
}

/** As Docker since 20.10: a network of one's own lets everyone bind low ports and ping. */
function sysctls(options: ContainerOptions, host: HostFacts): Readonly<Record<string, string>> {
  const ownNetwork = options.network !== 'host';
  const domainname = options.uts === 'host' ? undefined : options.domainname;
  return {
    ...(domainname && { 'kernel.domainname': domainname }),
    ...(ownNetwork && { 'net.ipv4.ip_unprivileged_port_start': '0' }),
    ...(ownNetwork && !host.isUserNamespace && { 'net.ipv4.ping_group_range': '0 2147483647' }),
    ...options.sysctls,
  };
}
