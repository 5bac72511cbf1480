import { bool, field, int, int64, map, named, pointer, slice, string, struct } from '@wherry/gotemplate';
import { hostConfig } from './host-config.ts';
import { containerConfig, driverData, omitEmpty } from './image-inspection.ts';

// What Docker's client 28 makes of a container's JSON: moby, `api/types/container` and `network`.

const state = struct('container.State', {
  Status: string,
  Running: bool,
  Paused: bool,
  Restarting: bool,
  OOMKilled: bool,
  Dead: bool,
  Pid: int,
  ExitCode: int,
  Error: string,
  StartedAt: string,
  FinishedAt: string,
  Health: omitEmpty(pointer(struct('container.Health', { Status: string, FailingStreak: int }))),
});

const base = struct('container.ContainerJSONBase', {
  ID: field(string, { json: 'Id' }),
  Created: string,
  Path: string,
  Args: slice(string),
  State: pointer(state),
  Image: string,
  ResolvConfPath: string,
  HostnamePath: string,
  HostsPath: string,
  LogPath: string,
  Name: string,
  RestartCount: int,
  Driver: string,
  Platform: string,
  MountLabel: string,
  ProcessLabel: string,
  AppArmorProfile: string,
  ExecIDs: slice(string),
  HostConfig: pointer(hostConfig),
  GraphDriver: driverData,
  SizeRw: omitEmpty(pointer(int64)),
  SizeRootFs: omitEmpty(pointer(int64)),
});

const mountPoint = struct('container.MountPoint', {
  Type: omitEmpty(named('mount.Type', string)),
  Name: omitEmpty(string),
  Source: string,
  Destination: string,
  Driver: omitEmpty(string),
  Mode: string,
  RW: bool,
  Propagation: named('mount.Propagation', string),
});

const endpoint = struct('network.EndpointSettings', {
  IPAMConfig: pointer(struct('network.EndpointIPAMConfig', {})),
  Links: slice(string),
  Aliases: slice(string),
  MacAddress: string,
  DriverOpts: map(string, string),
  GwPriority: int,
  NetworkID: string,
  EndpointID: string,
  Gateway: string,
  IPAddress: string,
  IPPrefixLen: int,
  IPv6Gateway: string,
  GlobalIPv6Address: string,
  GlobalIPv6PrefixLen: int,
  DNSNames: slice(string),
});

const address = struct('network.Address', { Addr: string, PrefixLen: int });
const portBinding = struct('nat.PortBinding', {
  HostIP: field(string, { json: 'HostIp' }),
  HostPort: string,
});

const networkSettings = struct('container.NetworkSettings', {
  NetworkSettingsBase: field(
    struct('container.NetworkSettingsBase', {
      Bridge: string,
      SandboxID: string,
      SandboxKey: string,
      Ports: named('nat.PortMap', map(string, slice(portBinding))),
      HairpinMode: bool,
      LinkLocalIPv6Address: string,
      LinkLocalIPv6PrefixLen: int,
      SecondaryIPAddresses: slice(address),
      SecondaryIPv6Addresses: slice(address),
    }),
    { embedded: true },
  ),
  DefaultNetworkSettings: field(
    struct('container.DefaultNetworkSettings', {
      EndpointID: string,
      Gateway: string,
      GlobalIPv6Address: string,
      GlobalIPv6PrefixLen: int,
      IPAddress: string,
      IPPrefixLen: int,
      IPv6Gateway: string,
      MacAddress: string,
    }),
    { embedded: true },
  ),
  Networks: map(string, pointer(endpoint)),
});

/** The type of what `docker container inspect` evaluates a template on. */
export const containerInspection = struct('container.InspectResponse', {
  ContainerJSONBase: field(pointer(base), { embedded: true }),
  Mounts: slice(mountPoint),
  Config: pointer(containerConfig),
  NetworkSettings: pointer(networkSettings),
  ImageManifestDescriptor: omitEmpty(pointer(struct('v1.Descriptor', {}))),
});
