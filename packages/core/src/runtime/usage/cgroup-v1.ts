import { keyedNumbers, numbersOf, TICK_NS, wholeNumber } from './kernel-text.ts';
import type { BlockIoEntry, CpuUsage, GroupUsage, MemoryUsage } from './resource-usage.ts';

/** Reads a file of a container's group below a controller; `undefined`: there is none. */
export type ReadGroupFile = (controller: string, file: string) => string | undefined;

/**
 * Makes a usage of the files of control groups of version 1; `undefined`: the group is gone. What a controller that is
 * not mounted would tell is zero. Linux, `admin-guide/cgroup-v1`: `cpuacct.rst`, `memory.rst`, `pids.rst`,
 * `blkio-controller.rst`. Pure, but for `read`.
 */
export function usageOfV1(read: ReadGroupFile): GroupUsage | undefined {
  const totalNs = wholeNumber(read('cpuacct', 'cpuacct.usage'));
  if (totalNs === undefined) return undefined;
  const limit = wholeNumber(read('pids', 'pids.max'));
  return {
    cpu: cpuUsage(totalNs, read),
    memory: memoryUsage(read),
    tasks: {
      count: wholeNumber(read('pids', 'pids.current')) ?? 0,
      ...(limit !== undefined && { limit }),
    },
    blockIo: {
      bytes: blockIoEntries(read, 'io_service_bytes'),
      operations: blockIoEntries(read, 'io_serviced'),
    },
  };
}

function cpuUsage(totalNs: number, read: ReadGroupFile): CpuUsage {
  const { system = 0, user = 0 } = keyedNumbers(read('cpuacct', 'cpuacct.stat'));
  const throttling = keyedNumbers(read('cpu', 'cpu.stat'));
  return {
    totalNs,
    kernelNs: system * TICK_NS,
    userNs: user * TICK_NS,
    perCpuNs: numbersOf(read('cpuacct', 'cpuacct.usage_percpu')),
    throttling: {
      periods: throttling.nr_periods ?? 0,
      throttledPeriods: throttling.nr_throttled ?? 0,
      throttledNs: throttling.throttled_time ?? 0,
    },
  };
}

function memoryUsage(read: ReadGroupFile): MemoryUsage {
  const numberIn = (file: string) => wholeNumber(read('memory', file));
  const [maxUsageBytes, limitBytes] = [
    numberIn('memory.max_usage_in_bytes'),
    numberIn('memory.limit_in_bytes'),
  ];
  const failures = numberIn('memory.failcnt');
  return {
    usageBytes: numberIn('memory.usage_in_bytes') ?? 0,
    ...(maxUsageBytes !== undefined && { maxUsageBytes }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(failures !== undefined && { failures }),
    details: keyedNumbers(read('memory', 'memory.stat')),
  };
}

/** Every request passes the throttling layer, whatever schedules it afterwards. Older kernels count one level alone. */
function blockIoEntries(read: ReadGroupFile, name: string): BlockIoEntry[] {
  const file = `blkio.throttle.${name}`;
  const text = read('blkio', `${file}_recursive`) ?? read('blkio', file) ?? '';
  return text.split('\n').flatMap((line) => {
    const [, major, minor, operation, value] = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line.trim()) ?? [];
    if (operation === undefined) return [];
    return [{ major: Number(major), minor: Number(minor), operation, value: Number(value) }];
  });
}
