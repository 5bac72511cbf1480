import { TICK_NS } from './kernel-text.ts';
import { type GroupUsage, NO_THROTTLING } from './resource-usage.ts';

const KIB = 1024;

/** What `/proc/<pid>` has of one process. */
export interface ProcessTexts {
  readonly stat: string;
  readonly status: string;
}

/**
 * Adds up what processes take by themselves, where no control group does: memory that several of them share counts in
 * each. With the time of each process comes that of the children it has waited for, so that little of what has ended is
 * lost. `undefined`: there are none. proc_pid_stat(5), proc_pid_status(5). Pure.
 */
export function usageOfProcesses(processes: readonly ProcessTexts[]): GroupUsage | undefined {
  if (processes.length === 0) return undefined;
  const times = processes.map(({ stat }) => timesOf(stat));
  const [userNs, kernelNs] = [sum(times.map(({ user }) => user)), sum(times.map(({ kernel }) => kernel))];
  const usageBytes = sum(processes.map(({ status }) => statusNumber(status, 'VmRSS') * KIB));
  return {
    cpu: { totalNs: userNs + kernelNs, kernelNs, userNs, throttling: NO_THROTTLING },
    memory: { usageBytes, details: { rss: usageBytes } },
    tasks: { count: sum(processes.map(({ status }) => statusNumber(status, 'Threads'))) },
    blockIo: {},
  };
}

/** Fields 14 to 17; the name before them may hold any character. */
function timesOf(stat: string): { readonly user: number; readonly kernel: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, kernel = 0, waitedUser = 0, waitedKernel = 0] = fields
    .slice(11, 15)
    .map((field) => Number(field) || 0);
  return { user: (user + waitedUser) * TICK_NS, kernel: (kernel + waitedKernel) * TICK_NS };
}

/** `VmRSS:	    1234 kB`; what has no memory, as a process that has just ended, has no such line. */
function statusNumber(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
