import { numbersOf, TICK_NS } from './kernel-text.ts';
import type { HostCpu } from './resource-usage.ts';

/** From `user` to `softirq`: what follows is in these already, or is time of somebody else's. */
const COUNTED_FIELDS = 7;

/** What `/proc/stat` tells of all CPUs. proc_stat(5). Pure. */
export function hostCpuOf(text: string): HostCpu {
  const lines = text.split('\n');
  const [, all] = /^cpu (.*)$/m.exec(text) ?? [];
  const ticks = numbersOf(all).slice(0, COUNTED_FIELDS);
  return {
    totalNs: ticks.reduce((total, number) => total + number, 0) * TICK_NS,
    onlineCpus: lines.filter((line) => /^cpu\d/.test(line)).length,
  };
}
