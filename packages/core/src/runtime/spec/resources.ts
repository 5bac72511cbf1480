import { WherryError } from '../../errors.ts';
import type { ResourceLimits } from '../container-options.ts';
import type { SpecResources } from './runtime-spec.ts';

const MIN_MEMORY_BYTES = 6 << 20;
const CPU_PERIOD_US = 100_000;
const MIN_CPU_PERIOD_US = 1000;
const MAX_CPU_PERIOD_US = 1_000_000;
const NANO = 1e9;
const UNLIMITED = -1;

/**
 * The limits as the runtime takes them; it writes them to cgroups of version 1 or 2 by itself. Throws
 * `INVALID_ARGUMENT` in Docker's words, `UNSUPPORTED` for limits that would not hold, without control groups. With
 * `isChange` what is absent stays as it is.
 */
export function cgroupResources(
  limits: ResourceLimits,
  host: { readonly hasSwapLimit: boolean; readonly canUseCgroups: boolean },
  { isChange = false }: { readonly isChange?: boolean } = {},
): Omit<SpecResources, 'devices'> {
  checkMemory(limits, isChange);
  const memory = defined({
    limit: limits.memoryBytes || undefined,
    reservation: limits.memoryReservationBytes || undefined,
    swap: host.hasSwapLimit ? swapLimit(limits, isChange) : undefined,
    swappiness: limits.memorySwappiness,
    disableOOMKiller: limits.oomKillDisable || undefined,
  });
  const cpu = defined({
    shares: limits.cpuShares || undefined,
    ...cpuTime(limits),
    realtimePeriod: limits.cpuRealtimePeriod || undefined,
    realtimeRuntime: limits.cpuRealtimeRuntime || undefined,
    cpus: limits.cpusetCpus || undefined,
    mems: limits.cpusetMems || undefined,
  });
  const resources = {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(limits.pidsLimit && { pids: { limit: limits.pidsLimit } }),
  };
  if (!host.canUseCgroups) refuseLimits(limits, resources);
  return resources;
}

/** Limits that are ignored would be worse than none: whoever sets one relies on it. */
function refuseLimits({ pidsLimit }: ResourceLimits, resources: Omit<SpecResources, 'devices'>): void {
  const limited = Object.keys(resources).filter((name) => name !== 'pids' || pidsLimit !== UNLIMITED);
  if (limited.length === 0) return;
  throw new WherryError(
    'UNSUPPORTED',
    `limits of ${limited.join(', ')} need control groups, which containers have only when root runs them`,
    { hint: 'leave the limits out, or run it as root' },
  );
}

function checkMemory(limits: ResourceLimits, isChange: boolean): void {
  const memory = limits.memoryBytes ?? 0;
  const swap = limits.memorySwapBytes ?? 0;
  if (memory !== 0 && memory < MIN_MEMORY_BYTES) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory)
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (memory === 0 && swap > 0 && !isChange)
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  const reservation = limits.memoryReservationBytes ?? 0;
  if (reservation > 0 && reservation < MIN_MEMORY_BYTES)
    throw invalid('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && reservation > memory)
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  const swappiness = limits.memorySwappiness;
  if (swappiness !== undefined && !(swappiness >= 0 && swappiness <= 100))
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
}

function swapLimit(limits: ResourceLimits, isChange: boolean): number | undefined {
  if (isChange) return limits.memorySwapBytes || undefined;
  if (!limits.memoryBytes) return undefined;
  return limits.memorySwapBytes || limits.memoryBytes * 2;
}

function cpuTime(limits: ResourceLimits): { quota?: number; period?: number } {
  const { nanoCpus, cpuQuota, cpuPeriod } = limits;
  if (nanoCpus) {
    if (cpuPeriod || cpuQuota)
      throw invalid(
        `Conflicting options: Nano CPUs and CPU ${cpuPeriod ? 'Period' : 'Quota'} cannot both be set.`,
      );
    return { quota: Math.round((nanoCpus * CPU_PERIOD_US) / NANO), period: CPU_PERIOD_US };
  }
  if (cpuPeriod && (cpuPeriod < MIN_CPU_PERIOD_US || cpuPeriod > MAX_CPU_PERIOD_US))
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (cpuQuota && cpuQuota > 0 && cpuQuota < MIN_CPU_PERIOD_US)
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  return { ...(cpuQuota && { quota: cpuQuota }), ...(cpuPeriod && { period: cpuPeriod }) };
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function defined<T extends Record<string, unknown>>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function invalid(message: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message);
}
