import {
  bool,
  field,
  type GoType,
  int,
  int64,
  map,
  named,
  pointer,
  slice,
  string,
  struct,
  uint,
  uint16,
  uint64,
} from '@wherry/gotemplate';
import { command, omitEmpty } from './image-inspection.ts';

const mode = (name: string): GoType => named(`container.${name}`, string);
const as = (json: string, type: GoType) => field(type, { json });

const throttle = slice(pointer(struct('blkiodev.ThrottleDevice', { Path: string, Rate: uint64 })));

const device = struct('container.DeviceMapping', {
  PathOnHost: string,
  PathInContainer: string,
  CgroupPermissions: string,
});

const resources = struct('container.Resources', {
  CPUShares: as('CpuShares', int64),
  Memory: int64,
  NanoCPUs: as('NanoCpus', int64),
  CgroupParent: string,
  BlkioWeight: uint16,
  BlkioWeightDevice: slice(pointer(struct('blkiodev.WeightDevice', { Path: string, Weight: uint16 }))),
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CPUPeriod: as('CpuPeriod', int64),
  CPUQuota: as('CpuQuota', int64),
  CPURealtimePeriod: as('CpuRealtimePeriod', int64),
  CPURealtimeRuntime: as('CpuRealtimeRuntime', int64),
  CpusetCpus: string,
  CpusetMems: string,
  Devices: slice(device),
  DeviceCgroupRules: slice(string),
  DeviceRequests: slice(struct('container.DeviceRequest', {})),
  KernelMemory: omitEmpty(int64),
  KernelMemoryTCP: omitEmpty(int64),
  MemoryReservation: int64,
  MemorySwap: int64,
  MemorySwappiness: pointer(int64),
  OomKillDisable: pointer(bool),
  PidsLimit: pointer(int64),
  Ulimits: slice(pointer(struct('units.Ulimit', { Name: string, Hard: int64, Soft: int64 }))),
  CPUCount: as('CpuCount', int64),
  CPUPercent: as('CpuPercent', int64),
  IOMaximumIOps: uint64,
  IOMaximumBandwidth: uint64,
});

const bindOptions = struct('mount.BindOptions', {
  Propagation: omitEmpty(named('mount.Propagation', string)),
  NonRecursive: omitEmpty(bool),
});

const mount = struct('mount.Mount', {
  Type: omitEmpty(named('mount.Type', string)),
  Source: omitEmpty(string),
  Target: omitEmpty(string),
  ReadOnly: omitEmpty(bool),
  BindOptions: omitEmpty(pointer(bindOptions)),
});

/** What was asked for when a container was made. moby, `api/types/container/hostconfig.go`. */
export const hostConfig = struct('container.HostConfig', {
  Binds: slice(string),
  ContainerIDFile: string,
  LogConfig: struct('container.LogConfig', { Type: string, Config: map(string, string) }),
  NetworkMode: mode('NetworkMode'),
  PortBindings: named('nat.PortMap', map(string, slice(struct('nat.PortBinding', {})))),
  RestartPolicy: struct('container.RestartPolicy', {
    Name: mode('RestartPolicyMode'),
    MaximumRetryCount: int,
  }),
  AutoRemove: bool,
  VolumeDriver: string,
  VolumesFrom: slice(string),
  ConsoleSize: slice(uint),
  Annotations: omitEmpty(map(string, string)),
  CapAdd: command,
  CapDrop: command,
  CgroupnsMode: mode('CgroupnsMode'),
  DNS: as('Dns', slice(string)),
  DNSOptions: as('DnsOptions', slice(string)),
  DNSSearch: as('DnsSearch', slice(string)),
  ExtraHosts: slice(string),
  GroupAdd: slice(string),
  IpcMode: mode('IpcMode'),
  Cgroup: mode('CgroupSpec'),
  Links: slice(string),
  OomScoreAdj: int,
  PidMode: mode('PidMode'),
  Privileged: bool,
  PublishAllPorts: bool,
  ReadonlyRootfs: bool,
  SecurityOpt: slice(string),
  StorageOpt: omitEmpty(map(string, string)),
  Tmpfs: omitEmpty(map(string, string)),
  UTSMode: mode('UTSMode'),
  UsernsMode: mode('UsernsMode'),
  ShmSize: int64,
  Sysctls: omitEmpty(map(string, string)),
  Runtime: omitEmpty(string),
  Isolation: mode('Isolation'),
  Resources: field(resources, { embedded: true }),
  Mounts: omitEmpty(slice(mount)),
  MaskedPaths: slice(string),
  ReadonlyPaths: slice(string),
  Init: omitEmpty(pointer(bool)),
});
