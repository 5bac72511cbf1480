import { sortedByKey } from '../../../oci/json.ts';
import type {
  ContainerOptions,
  DeviceLimit,
  ResourceLimits,
  SecurityOptions,
} from '../../../runtime/container-options.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import { capabilityName } from '../../../runtime/spec/capabilities.ts';
import type { HostFacts } from '../../../runtime/spec/host-facts.ts';
import { DEFAULT_SHM_BYTES } from '../../../runtime/spec/mounts.ts';
import { cgroupNamespace, MASKED_PATHS, READONLY_PATHS } from '../../../runtime/spec/spec.ts';
import { askedMounts } from './mount-list.ts';

export interface HostConfigFacts {
  /** The program that runs the container. */
  readonly runtime: string;
  readonly host: Pick<HostFacts, 'cgroupVersion'>;
}

/** Docker's `HostConfig`: what was asked for, and Docker's values of what was not, in its order. */
export function hostConfig(record: ContainerRecord, facts: HostConfigFacts): Record<string, unknown> {
  const { options, autoRemove } = record;
  const { binds, mounts, tmpfs } = askedMounts(options);
  const { log, privileged = false } = options;
  return {
    Binds: orNull(binds),
    ContainerIDFile: '',
    LogConfig: { Type: log?.driver ?? 'json-file', Config: sortedByKey(log?.options ?? {}) },
    NetworkMode: options.network ?? 'none',
    PortBindings: {},
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: autoRemove,
    VolumeDriver: '',
    VolumesFrom: orNull(
      (options.volumesFrom ?? []).map(({ container, readOnly }) => `${container}${readOnly ? ':ro' : ''}`),
    ),
    ...identity(options, facts),
    Privileged: privileged,
    PublishAllPorts: false,
    ReadonlyRootfs: options.readOnlyRootfs ?? false,
    SecurityOpt: orNull(securityTexts(options)),
    ...ifAny('Tmpfs', tmpfs),
    UTSMode: options.uts === 'host' ? 'host' : '',
    UsernsMode: options.userns ?? '',
    ShmSize: options.shmSizeBytes || DEFAULT_SHM_BYTES,
    ...ifAny('Sysctls', options.sysctls ?? {}),
    Runtime: options.runtime ?? facts.runtime,
    ConsoleSize: [0, 0],
    Isolation: '',
    ...resources(options),
    ...(mounts.length > 0 && { Mounts: mounts }),
    MaskedPaths: privileged ? null : MASKED_PATHS,
    ReadonlyPaths: privileged ? null : READONLY_PATHS,
    ...(options.init && { Init: true }),
  };
}

function identity(options: ContainerOptions, { host }: HostConfigFacts): Record<string, unknown> {
  return {
    ...ifAny('Annotations', options.annotations ?? {}),
    CapAdd: orNull((options.capAdd ?? []).map(capabilityName)),
    CapDrop: orNull((options.capDrop ?? []).map(capabilityName)),
    CgroupnsMode: cgroupNamespace(options, host),
    Dns: options.dns ?? [],
    DnsOptions: options.dnsOptions ?? [],
    DnsSearch: options.dnsSearch ?? [],
    ExtraHosts: orNull(options.extraHosts ?? []),
    GroupAdd: orNull(options.groupAdd ?? []),
    IpcMode: options.ipc ?? 'private',
    Cgroup: '',
    Links: null,
    OomScoreAdj: options.oomScoreAdj ?? 0,
    PidMode: options.pid === 'host' ? 'host' : '',
  };
}

function resources({ cgroupParent, devices, deviceRules, resources = {}, ulimits }: ContainerOptions) {
  return {
    CpuShares: resources.cpuShares ?? 0,
    Memory: resources.memoryBytes ?? 0,
    NanoCpus: resources.nanoCpus ?? 0,
    CgroupParent: cgroupParent ?? '',
    ...blockIo(resources),
    CpuPeriod: resources.cpuPeriod ?? 0,
    CpuQuota: resources.cpuQuota ?? 0,
    CpuRealtimePeriod: resources.cpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: resources.cpuRealtimeRuntime ?? 0,
    CpusetCpus: resources.cpusetCpus ?? '',
    CpusetMems: resources.cpusetMems ?? '',
    Devices: (devices ?? []).map((device) => ({
      PathOnHost: device.pathOnHost,
      PathInContainer: device.pathInContainer,
      CgroupPermissions: device.access,
    })),
    DeviceCgroupRules: orNull(deviceRules ?? []),
    DeviceRequests: null,
    ...memory(resources),
    PidsLimit: resources.pidsLimit ?? null,
    Ulimits: (ulimits ?? []).map(({ name, hard, soft }) => ({ Name: name, Hard: hard, Soft: soft })),
    ...{ CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0 },
  };
}

function blockIo(limits: ResourceLimits) {
  const rates = (list: readonly DeviceLimit[] = []) =>
    list.map(({ path, value }) => ({ Path: path, Rate: value }));
  return {
    BlkioWeight: limits.blkioWeight ?? 0,
    BlkioWeightDevice: (limits.blkioWeightDevices ?? []).map(({ path, value }) => ({
      Path: path,
      Weight: value,
    })),
    BlkioDeviceReadBps: rates(limits.blkioReadBps),
    BlkioDeviceWriteBps: rates(limits.blkioWriteBps),
    BlkioDeviceReadIOps: rates(limits.blkioReadIops),
    BlkioDeviceWriteIOps: rates(limits.blkioWriteIops),
  };
}

/** Without a limit of its own swap is as much as the memory, so that the sum is twice that. */
function memory({ memoryBytes = 0, ...limits }: ResourceLimits) {
  return {
    KernelMemory: 0,
    KernelMemoryTCP: 0,
    MemoryReservation: limits.memoryReservationBytes ?? 0,
    MemorySwap: limits.memorySwapBytes || memoryBytes * 2,
    MemorySwappiness: limits.memorySwappiness ?? null,
    OomKillDisable: limits.oomKillDisable ?? false,
  };
}

/** As `--security-opt` takes them. */
function securityTexts({ ipc, pid, privileged, security }: ContainerOptions): string[] {
  const { noNewPrivileges, seccomp }: SecurityOptions = security ?? {};
  return [
    ...(noNewPrivileges ? ['no-new-privileges'] : []),
    ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
    // What sees the host's processes or memory has no label of its own.
    ...(privileged || pid === 'host' || ipc === 'host' ? ['label=disable'] : []),
  ];
}

/** Go's encoder has nothing for an empty map of an optional field, and sorts others by their keys. */
function ifAny(name: string, value: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.keys(value).length > 0 ? { [name]: sortedByKey(value) } : {};
}

/** Docker's client leaves out what was not given, which then is nil. */
function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null;
}
