/**
 * The document that tells an OCI runtime what to run, `config.json` of a bundle, as far as it is written here.
 * Field names are the document's. OCI runtime-spec v1.0.2, config.md and config-linux.md.
 */
export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: SpecProcess;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts: readonly SpecMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: SpecLinux;
}

export interface SpecProcess {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: SpecUser;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: SpecCapabilities;
  readonly rlimits?: readonly SpecRlimit[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj?: number;
}

export interface SpecUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids?: readonly number[];
}

export interface SpecCapabilities {
  readonly bounding: readonly string[];
  readonly effective?: readonly string[];
  readonly permitted?: readonly string[];
}

export interface SpecRlimit {
  /** Such as `RLIMIT_NOFILE`. */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface SpecLinux {
  readonly namespaces: readonly { readonly type: SpecNamespace; readonly path?: string }[];
  readonly cgroupsPath?: string;
  readonly resources?: SpecResources;
  readonly devices?: readonly SpecDevice[];
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly seccomp?: SpecSeccomp;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
}

export type SpecNamespace = 'pid' | 'ipc' | 'uts' | 'mount' | 'network' | 'cgroup' | 'user';

export interface SpecDevice {
  readonly path: string;
  readonly type: 'c' | 'b' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface SpecDeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
  /** Letters of `rwm`. */
  readonly access: string;
}

export interface SpecResources {
  readonly devices?: readonly SpecDeviceRule[];
  /** Bytes; -1 is without a limit. */
  readonly memory?: {
    readonly limit?: number;
    readonly reservation?: number;
    /** Memory and swap together. */
    readonly swap?: number;
    readonly swappiness?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    readonly shares?: number;
    /** Microseconds, as `period`. */
    readonly quota?: number;
    readonly period?: number;
    readonly realtimePeriod?: number;
    readonly realtimeRuntime?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
  readonly blockIO?: SpecBlockIo;
}

export interface SpecBlockIo {
  readonly weight?: number;
  readonly weightDevice?: readonly (SpecBlockDevice & { readonly weight: number })[];
  readonly throttleReadBpsDevice?: readonly SpecThrottle[];
  readonly throttleWriteBpsDevice?: readonly SpecThrottle[];
  readonly throttleReadIOPSDevice?: readonly SpecThrottle[];
  readonly throttleWriteIOPSDevice?: readonly SpecThrottle[];
}

export interface SpecBlockDevice {
  readonly major: number;
  readonly minor: number;
}

export interface SpecThrottle extends SpecBlockDevice {
  readonly rate: number;
}

export interface SpecSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly syscalls: readonly SpecSyscall[];
}

export interface SpecSyscall {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SpecSyscallArg[];
}

export interface SpecSyscallArg {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}
