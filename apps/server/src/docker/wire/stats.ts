import type { BlockIoEntry, ContainerSample, CpuUsage, ResourceUsage } from '@wherry/core';

const ZERO_TIME = '0001-01-01T00:00:00Z';
/** What Docker has places for, and Linux no numbers: an empty list where some of them are counted, else nothing. */
const UNCOUNTED_IO = [
  'io_queue_recursive',
  'io_service_time_recursive',
  'io_wait_time_recursive',
  'io_merged_recursive',
  'io_time_recursive',
  'sectors_recursive',
];

/**
 * Docker's document of a sample: field names and their order are Docker's, zero values are left out where its are. The
 * same in all versions of the API; a container on the host's network, or on none, has no `networks`.
 */
export function statsDocument({ id, name, previous, usage }: ContainerSample): Record<string, unknown> {
  return {
    read: timeOf(usage),
    preread: timeOf(previous),
    pids_stats: usage ? tasks(usage) : {},
    blkio_stats: blockIo(usage?.blockIo ?? {}),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(usage),
    precpu_stats: cpu(previous),
    memory_stats: usage ? memory(usage.memory) : {},
    name: `/${name}`,
    id,
  };
}

function timeOf(usage: ResourceUsage | undefined): string {
  return usage?.readAt.toISOString() ?? ZERO_TIME;
}

function tasks({ tasks: { count, limit } }: ResourceUsage) {
  return { current: count, ...(limit !== undefined && { limit }) };
}

function cpu(usage: ResourceUsage | undefined): Record<string, unknown> {
  if (usage === undefined)
    return {
      cpu_usage: cpuTime(),
      throttling_data: throttling({ periods: 0, throttledPeriods: 0, throttledNs: 0 }),
    };
  return {
    cpu_usage: cpuTime(usage.cpu),
    system_cpu_usage: usage.host.totalNs,
    online_cpus: usage.host.onlineCpus,
    throttling_data: throttling(usage.cpu.throttling),
  };
}

function cpuTime(used?: CpuUsage): Record<string, unknown> {
  return {
    total_usage: used?.totalNs ?? 0,
    ...(used?.perCpuNs && { percpu_usage: used.perCpuNs }),
    usage_in_kernelmode: used?.kernelNs ?? 0,
    usage_in_usermode: used?.userNs ?? 0,
  };
}

function throttling({ periods, throttledNs, throttledPeriods }: CpuUsage['throttling']) {
  return { periods, throttled_periods: throttledPeriods, throttled_time: throttledNs };
}

function memory({ details, failures, limitBytes, maxUsageBytes, usageBytes }: ResourceUsage['memory']) {
  return {
    usage: usageBytes,
    ...(maxUsageBytes !== undefined && { max_usage: maxUsageBytes }),
    stats: details,
    ...(failures && { failcnt: failures }),
    limit: limitBytes,
  };
}

function blockIo({ bytes, operations }: Partial<ResourceUsage['blockIo']>): Record<string, unknown> {
  return {
    io_service_bytes_recursive: bytes?.map(ioEntry) ?? null,
    io_serviced_recursive: operations?.map(ioEntry) ?? null,
    ...Object.fromEntries(UNCOUNTED_IO.map((name) => [name, operations ? [] : null])),
  };
}

function ioEntry({ major, minor, operation, value }: BlockIoEntry) {
  return { major, minor, op: operation, value };
}
