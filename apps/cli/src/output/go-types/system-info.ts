import type { SystemInfo } from '@wherry/core';
import {
  bool,
  type GoValue,
  int,
  int64,
  map,
  pointer,
  slice,
  string,
  struct,
  typed,
} from '@wherry/gotemplate';

const indexInfo = struct('registry.IndexInfo', {
  Name: string,
  Mirrors: slice(string),
  Secure: bool,
  Official: bool,
});

const registryConfig = struct('registry.ServiceConfig', {
  InsecureRegistryCIDRs: slice(string),
  IndexConfigs: map(string, pointer(indexInfo)),
  Mirrors: slice(string),
});

/** What `wherry info` tells, under Docker's names where Docker has one, in Docker's order; then what is wherry's. */
const dockerInfo = struct('system.dockerInfo', {
  Images: int,
  KernelVersion: string,
  OperatingSystem: string,
  OSType: string,
  Architecture: string,
  RegistryConfig: pointer(registryConfig),
  NCPU: int,
  MemTotal: int64,
  DockerRootDir: string,
  Name: string,
  HashEngine: string,
  NodeVersion: string,
  SqliteVersion: string,
  Platform: string,
  ConfigFile: string,
  ClientInfo: pointer(struct('system.clientInfo', { Debug: bool, Version: string })),
});

export interface ClientState {
  readonly debug: boolean;
  /** `linux/arm64/v8` */
  readonly platform: string;
}

export function infoValue(info: SystemInfo, { debug, platform }: ClientState): GoValue {
  const isNetwork = (registry: string) => registry.includes('/');
  const hosts = info.insecureRegistries.filter((registry) => !isNetwork(registry));
  const insecure = hosts.map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }]);
  return typed(dockerInfo, {
    Images: info.images,
    KernelVersion: info.kernelVersion,
    OperatingSystem: info.operatingSystem,
    OSType: info.platform.os,
    Architecture: info.architecture,
    RegistryConfig: {
      InsecureRegistryCIDRs: info.insecureRegistries.filter(isNetwork),
      IndexConfigs: Object.fromEntries(insecure),
      Mirrors: info.registryMirrors,
    },
    NCPU: info.cpus,
    MemTotal: info.memoryBytes,
    DockerRootDir: info.root,
    Name: info.hostname,
    HashEngine: info.hashEngine,
    NodeVersion: info.nodeVersion,
    SqliteVersion: info.sqliteVersion,
    Platform: platform,
    ConfigFile: info.configFile,
    ClientInfo: { Debug: debug, Version: info.version },
  });
}
