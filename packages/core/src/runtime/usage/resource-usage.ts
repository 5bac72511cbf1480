/** What the processes of a container take of the machine, at one moment. */
export interface ResourceUsage extends GroupUsage {
  readonly readAt: Date;
  readonly host: HostCpu;
  readonly memory: GroupUsage['memory'] & {
    /** That of the machine, where the container has no lower one. */
    readonly limitBytes: number;
  };
}

/** The part of it that a control group tells, or the processes themselves. */
export interface GroupUsage {
  readonly cpu: CpuUsage;
  readonly memory: MemoryUsage;
  /** Threads count, too; without a limit there is none. */
  readonly tasks: { readonly count: number; readonly limit?: number };
  readonly blockIo: BlockIoUsage;
}

/** Nanoseconds that all CPUs together have worked for it since it was started. */
export interface CpuUsage {
  readonly totalNs: number;
  readonly kernelNs: number;
  readonly userNs: number;
  /** What each CPU has; control groups of version 1 alone tell. */
  readonly perCpuNs?: readonly number[];
  readonly throttling: {
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNs: number;
  };
}

export interface MemoryUsage {
  /** With what the kernel can drop at any time, such as files that were read. */
  readonly usageBytes: number;
  readonly maxUsageBytes?: number;
  readonly limitBytes?: number;
  /** How often there was no more of it to be had. */
  readonly failures?: number;
  /** The lines of the kernel's `memory.stat`; their names differ between the versions of control groups. */
  readonly details: Readonly<Record<string, number>>;
}

export interface BlockIoUsage {
  /** `undefined`: nobody counts it. */
  readonly bytes?: readonly BlockIoEntry[];
  readonly operations?: readonly BlockIoEntry[];
}

/** What was done to one device of the host. */
export interface BlockIoEntry {
  readonly major: number;
  readonly minor: number;
  /** In the kernel's words, which differ between the versions of control groups: `Read`, `read`. */
  readonly operation: string;
  readonly value: number;
}

/** Nanoseconds that passed on all CPUs of the machine since its start, in use or not. */
export interface HostCpu {
  readonly totalNs: number;
  readonly onlineCpus: number;
}

export const NO_THROTTLING: CpuUsage['throttling'] = { periods: 0, throttledPeriods: 0, throttledNs: 0 };
