import type { Healthcheck } from '../oci/image-config.ts';

/**
 * How one container shall differ from what its image says and from Docker's defaults: the flags of `run` and
 * `create`, parsed. Everything is JSON, so that a container's record can keep it. What is absent is Docker's
 * default.
 */
export interface ContainerOptions {
  /** Takes the place of the image's command; empty counts as absent. */
  readonly command?: readonly string[];
  /** Takes the place of the image's entry point, and drops its command; `['']` drops both. */
  readonly entrypoint?: readonly string[];
  /** `NAME=value`; a name alone takes the variable away. */
  readonly env?: readonly string[];
  /** `user`, `uid`, `user:group`, `uid:gid` and mixtures. */
  readonly user?: string;
  readonly groupAdd?: readonly string[];
  readonly workingDir?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly tty?: boolean;
  /** Characters; the terminal's size at the start. */
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  /** A small init is process 1, which reaps and hands on signals. */
  readonly init?: boolean;
  readonly readOnlyRootfs?: boolean;
  readonly privileged?: boolean;
  /** With or without `CAP_`, in any case; `ALL`. */
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly security?: SecurityOptions;
  readonly network?: ContainerNetwork;
  readonly pid?: 'host' | 'private';
  /** There is one user namespace, the host's: to ask for it changes nothing, and is recorded. */
  readonly userns?: 'host';
  readonly ipc?: 'host' | 'private' | 'none';
  readonly uts?: 'host' | 'private';
  readonly cgroupns?: 'host' | 'private';
  /** `name:address`; `host-gateway` has no meaning without a bridge. */
  readonly extraHosts?: readonly string[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  readonly mounts?: readonly ContainerMount[];
  /**
   * Paths that get a volume of the container's own, as an image's `VOLUME`s do, unless something else is mounted
   * there.
   */
  readonly volumes?: readonly string[];
  /** Containers whose volumes and directories of the host are mounted here too, unless something else is. */
  readonly volumesFrom?: readonly VolumesFrom[];
  readonly devices?: readonly DeviceMapping[];
  /** Of devices that the container may make and open, such as `c 1:3 rwm`; `*` stands for any number. */
  readonly deviceRules?: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly ulimits?: readonly Ulimit[];
  readonly resources?: ResourceLimits;
  readonly shmSizeBytes?: number;
  readonly oomScoreAdj?: number;
  /** The cgroup below which the container gets its own, from the root of each hierarchy. */
  readonly cgroupParent?: string;
  /** For the runtime and its hooks. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The name of the program that runs the container; another one than wherry uses is refused. */
  readonly runtime?: string;
  /** Such as `80/tcp`. They are recorded, as an image's are; nothing is published. */
  readonly exposedPorts?: readonly string[];
  /** Recorded, for an image that is committed: nothing runs it. */
  readonly healthcheck?: Healthcheck;
  readonly log?: LogSettings;
}

/** What is kept of what a container prints. */
export interface LogSettings {
  /** `none`: nothing. */
  readonly driver: 'json-file' | 'none';
  /** As the user gave them. */
  readonly options?: Readonly<Record<string, string>>;
  readonly maxBytes?: number;
  readonly maxFiles?: number;
}

/** Networks that need no helper of the host's: an empty one with loopback, or the host's own. */
export type ContainerNetwork = 'none' | 'host';

export interface SecurityOptions {
  readonly noNewPrivileges?: boolean;
  /** `'unconfined'`, or the text of a profile in Docker's format; absent: Docker's default profile. */
  readonly seccomp?: string;
}

/** Something of the host's, a volume, or new memory, at a place in the container. */
export type ContainerMount =
  | VolumeMount
  | {
      readonly type: 'bind';
      /** An absolute path on the host. */
      readonly source: string;
      readonly target: string;
      readonly readOnly?: boolean;
      readonly propagation?: MountPropagation;
      /** Mounts below the source are left out. */
      readonly nonRecursive?: boolean;
      /** A missing source is made, a directory, as for `-v`; otherwise it is an error, as for `--mount`. */
      readonly createSource?: boolean;
      /** It came with another container's, by `volumesFrom`. */
      readonly isInherited?: boolean;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      /** Mount options such as `size=64m`, `mode=1777`, `exec`. */
      readonly options?: readonly string[];
    };

export interface VolumeMount {
  readonly type: 'volume';
  /** Absent: a new volume; that of a container that was made always has a name. */
  readonly name?: string;
  readonly target: string;
  readonly readOnly?: boolean;
  /** An empty volume stays empty, whatever the image has at the target. */
  readonly noCopy?: boolean;
  /** A directory in the volume, which is mounted in its place. */
  readonly subpath?: string;
  /** Of the volume, if it is made for this container. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Nobody gave it a name: it can go with the container. */
  readonly isAnonymous?: boolean;
  /** It came with another container's, by `volumesFrom`. */
  readonly isInherited?: boolean;
  /** The directory on the host, once the container is to start. */
  readonly source?: string;
}

export interface VolumesFrom {
  readonly container: string;
  readonly readOnly?: boolean;
}

export type MountPropagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';

export interface DeviceMapping {
  readonly pathOnHost: string;
  readonly pathInContainer: string;
  /** Letters of `rwm`. */
  readonly access: string;
}

export interface Ulimit {
  /** Such as `nofile`. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

export interface ResourceLimits {
  readonly memoryBytes?: number;
  readonly memoryReservationBytes?: number;
  /** Memory and swap together; -1 is without a limit. Absent: twice the memory. */
  readonly memorySwapBytes?: number;
  /** 0 to 100. */
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: boolean;
  /** Billionths of a CPU. */
  readonly nanoCpus?: number;
  readonly cpuShares?: number;
  /** Microseconds, as `cpuPeriod`. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  /** Microseconds, as `cpuRealtimeRuntime`. */
  readonly cpuRealtimePeriod?: number;
  readonly cpuRealtimeRuntime?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** -1 is without a limit. */
  readonly pidsLimit?: number;
  /** 10 to 1000. */
  readonly blkioWeight?: number;
  readonly blkioWeightDevices?: readonly DeviceLimit[];
  /** Bytes a second, as `blkioWriteBps`; the other two are operations a second. */
  readonly blkioReadBps?: readonly DeviceLimit[];
  readonly blkioWriteBps?: readonly DeviceLimit[];
  readonly blkioReadIops?: readonly DeviceLimit[];
  readonly blkioWriteIops?: readonly DeviceLimit[];
}

/** A number for one device of the host. */
export interface DeviceLimit {
  readonly path: string;
  readonly value: number;
}
