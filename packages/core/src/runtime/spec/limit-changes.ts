import { WherryError } from '../../errors.ts';
import type { ResourceLimits } from '../container-options.ts';

/** The limits that a container can be given once it is there. */
export type ChangeableLimits = Pick<
  ResourceLimits,
  | 'blkioWeight'
  | 'cpuPeriod'
  | 'cpuQuota'
  | 'cpuRealtimePeriod'
  | 'cpuRealtimeRuntime'
  | 'cpuShares'
  | 'cpusetCpus'
  | 'cpusetMems'
  | 'memoryBytes'
  | 'memoryReservationBytes'
  | 'memorySwapBytes'
  | 'nanoCpus'
  | 'pidsLimit'
>;

/**
 * The limits of a container that has `before`, once those in `change` are others: what is absent, zero or empty changes
 * nothing. Pure. Throws `CONFLICT` in Docker's words where the two do not go together.
 */
export function changedLimits(before: ResourceLimits, change: ChangeableLimits): ResourceLimits {
  checkCpuTime(before, change);
  const { memoryBytes = 0, memorySwapBytes } = change;
  if (memoryBytes > memoryAndSwap(before) && !memorySwapBytes)
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  return { ...before, ...given(change) };
}

/**
 * What the runtime is to be told for that: of limits that the kernel takes together, also the one that stays. cgroup
 * v2 has quota and period in one file, and swap without the memory.
 */
export function limitsToApply(change: ChangeableLimits, after: ResourceLimits): ResourceLimits {
  const { cpuPeriod, cpuQuota, memoryBytes } = after;
  return {
    ...given(change),
    ...((change.cpuPeriod || change.cpuQuota) && given({ cpuPeriod, cpuQuota })),
    ...(change.memorySwapBytes && given({ memoryBytes })),
  };
}

/** Billionths of a CPU are a quota and a period to the kernel, so only one of the two says what holds. */
function checkCpuTime(before: ResourceLimits, { cpuPeriod, cpuQuota, nanoCpus }: ChangeableLimits): void {
  const refuse = (name: string, set: string) => {
    throw conflict(`Conflicting options: ${name} cannot be updated as ${set} already been set`);
  };
  if (isSet(nanoCpus) && isSet(before.cpuPeriod)) refuse('Nano CPUs', 'CPU Period has');
  if (isSet(nanoCpus) && isSet(before.cpuQuota)) refuse('Nano CPUs', 'CPU Quota has');
  if (isSet(cpuPeriod) && isSet(before.nanoCpus)) refuse('CPU Period', 'NanoCPUs has');
  if (isSet(cpuQuota) && isSet(before.nanoCpus)) refuse('CPU Quota', 'NanoCPUs has');
}

function isSet(limit: number | undefined): boolean {
  return limit !== undefined && limit > 0;
}

/** As Docker has it, twice the memory where nothing else was asked for. */
function memoryAndSwap({ memoryBytes = 0, memorySwapBytes }: ResourceLimits): number {
  return memorySwapBytes || memoryBytes * 2;
}

type Given<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

function given<T extends object>(limits: T): Given<T> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value)) as Given<T>;
}

function conflict(message: string): WherryError {
  return new WherryError('CONFLICT', message);
}
