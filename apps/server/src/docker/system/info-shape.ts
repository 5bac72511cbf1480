import type { ContainerSummary, SystemInfo } from '@wherry/core';
import type { ApiVersion } from '../version.ts';

/** From here on the kernel's own memory is not told of. */
const NO_KERNEL_MEMORY_MINOR = 42;

export interface InfoParts {
  readonly info: SystemInfo;
  readonly containers: readonly ContainerSummary[];
  readonly listeners: number;
  readonly apiVersion: ApiVersion;
  readonly now: Date;
  /** The service's own environment, for its proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What `GET /info` answers: what is no part of wherry has the value that says so. */
export function infoShape({ info, containers, listeners, apiVersion, now, env }: InfoParts): object {
  return {
    ID: '',
    ...containerCounts(containers),
    Images: info.images,
    Driver: 'wherry',
    DriverStatus: [['Hash Engine', info.hashEngine]],
    Plugins: {
      Volume: ['local'],
      Network: ['host', 'none'],
      Authorization: null,
      Log: ['json-file', 'none'],
    },
    ...limits(apiVersion),
    Debug: false,
    NFd: -1,
    OomKillDisable: true,
    NGoroutines: -1,
    SystemTime: now.toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: '2',
    NEventsListener: listeners,
    KernelVersion: info.kernelVersion,
    OperatingSystem: info.operatingSystem,
    OSVersion: '',
    OSType: info.platform.os,
    Architecture: info.architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(info),
    NCPU: info.cpus,
    MemTotal: info.memoryBytes,
    GenericResources: null,
    DockerRootDir: info.root,
    HttpProxy: env.HTTP_PROXY ?? env.http_proxy ?? '',
    HttpsProxy: env.HTTPS_PROXY ?? env.https_proxy ?? '',
    NoProxy: env.NO_PROXY ?? env.no_proxy ?? '',
    Name: info.hostname,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: info.version,
    ...programs(),
    Warnings: null,
  };
}

/** How many containers there are, and in which state. */
export function containerCounts(containers: readonly ContainerSummary[]) {
  const count = (...statuses: readonly string[]) =>
    containers.filter(({ container }) => statuses.includes(container.state.status)).length;
  const [running, paused] = [count('running'), count('paused')];
  return {
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
  };
}

/** What a container can be limited in. */
function limits({ minor }: ApiVersion) {
  return {
    MemoryLimit: true,
    SwapLimit: true,
    ...(minor < NO_KERNEL_MEMORY_MINOR && { KernelMemory: false, KernelMemoryTCP: false }),
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
  };
}

function registryConfig({ registryMirrors, insecureRegistries }: SystemInfo) {
  const blocks = insecureRegistries.filter((registry) => registry.includes('/'));
  const hosts = insecureRegistries.filter((registry) => !registry.includes('/'));
  const insecure = hosts.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]);
  return {
    AllowNondistributableArtifactsCIDRs: [],
    AllowNondistributableArtifactsHostnames: [],
    InsecureRegistryCIDRs: [...new Set([...blocks, '127.0.0.0/8'])],
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors: registryMirrors, Secure: true, Official: true },
      ...Object.fromEntries(insecure),
    },
    Mirrors: registryMirrors,
  };
}

function programs() {
  const unknown = { ID: '', Expected: '' };
  return {
    Runtimes: { runc: { path: 'runc' } },
    DefaultRuntime: 'runc',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: '',
    ContainerdCommit: unknown,
    RuncCommit: unknown,
    InitCommit: unknown,
    SecurityOptions: [],
  };
}
