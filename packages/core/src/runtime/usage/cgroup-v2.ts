import { keyedNumbers, wholeNumber } from './kernel-text.ts';
import type { BlockIoEntry, GroupUsage, MemoryUsage } from './resource-usage.ts';

const US_TO_NS = 1000;

/**
 * Makes a usage of the files of a control group of version 2; `undefined`: the group is gone. What a controller that is
 * not enabled would tell is zero. Linux, `admin-guide/cgroup-v2.rst`. Pure, but for `read`, which reads a file of the
 * group.
 */
export function usageOfV2(read: (file: string) => string | undefined): GroupUsage | undefined {
  const cpu = keyedNumbers(read('cpu.stat'));
  if (cpu.usage_usec === undefined) return undefined;
  const limit = wholeNumber(read('pids.max'));
  return {
    cpu: {
      totalNs: cpu.usage_usec * US_TO_NS,
      kernelNs: (cpu.system_usec ?? 0) * US_TO_NS,
      userNs: (cpu.user_usec ?? 0) * US_TO_NS,
      throttling: {
        periods: cpu.nr_periods ?? 0,
        throttledPeriods: cpu.nr_throttled ?? 0,
        throttledNs: (cpu.throttled_usec ?? 0) * US_TO_NS,
      },
    },
    memory: memoryUsage(read),
    tasks: { count: wholeNumber(read('pids.current')) ?? 0, ...(limit !== undefined && { limit }) },
    blockIo: { bytes: blockIoEntries(read('io.stat')) },
  };
}

function memoryUsage(read: (file: string) => string | undefined): MemoryUsage {
  const limitBytes = wholeNumber(read('memory.max'));
  const { oom: failures } = keyedNumbers(read('memory.events'));
  return {
    usageBytes: wholeNumber(read('memory.current')) ?? 0,
    ...(limitBytes !== undefined && { limitBytes }),
    ...(failures !== undefined && { failures }),
    details: keyedNumbers(read('memory.stat')),
  };
}

/** `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`; keys may be missing. */
function blockIoEntries(text = ''): BlockIoEntry[] {
  return text.split('\n').flatMap((line) => {
    const [, major, minor, rest = ''] = /^(\d+):(\d+) (.*)$/.exec(line.trim()) ?? [];
    if (major === undefined) return [];
    const device = { major: Number(major), minor: Number(minor) };
    const bytesOf = (key: string) => Number(new RegExp(`(?:^| )${key}=(\\d+)`).exec(rest)?.[1] ?? 0);
    return [
      { ...device, operation: 'read', value: bytesOf('rbytes') },
      { ...device, operation: 'write', value: bytesOf('wbytes') },
    ];
  });
}
