import type { FlagSpec } from '../flags.ts';

/** How much of the machine the processes of `RUN` may take; some have other texts than those of `run`. */
export const BUILD_LIMIT_FLAGS: readonly FlagSpec[] = [
  {
    name: 'cgroup-parent',
    type: 'string',
    usage: 'Set the parent cgroup for the "RUN" instructions during build',
  },
  { name: 'cpu-period', type: 'int', usage: 'Limit the CPU CFS (Completely Fair Scheduler) period' },
  { name: 'cpu-quota', type: 'int', usage: 'Limit the CPU CFS (Completely Fair Scheduler) quota' },
  { name: 'cpu-shares', short: 'c', type: 'int', usage: 'CPU shares (relative weight)' },
  { name: 'cpuset-cpus', type: 'string', usage: 'CPUs in which to allow execution (0-3, 0,1)' },
  { name: 'cpuset-mems', type: 'string', usage: 'MEMs in which to allow execution (0-3, 0,1)' },
  { name: 'memory', short: 'm', type: 'string', typeName: 'bytes', usage: 'Memory limit' },
  {
    name: 'memory-swap',
    type: 'string',
    typeName: 'bytes',
    usage: 'Swap limit equal to memory plus swap: -1 to enable unlimited swap',
  },
  { name: 'security-opt', type: 'strings', usage: 'Security options' },
  { name: 'shm-size', type: 'string', typeName: 'bytes', usage: 'Size of "/dev/shm"' },
  { name: 'ulimit', type: 'list', typeName: 'ulimit', usage: 'Ulimit options (default [])' },
];
