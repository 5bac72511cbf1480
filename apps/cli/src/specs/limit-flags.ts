import type { FlagSpec } from '../flags.ts';

/** How much of the machine a container may take. */
export const LIMIT_FLAGS: readonly FlagSpec[] = [
  {
    name: 'blkio-weight',
    type: 'int',
    usage: 'Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)',
  },
  { name: 'blkio-weight-device', type: 'list', usage: 'Block IO weight (relative device weight)' },
  { name: 'cgroup-parent', type: 'string', usage: 'Optional parent cgroup for the container' },
  { name: 'cpu-period', type: 'int', usage: 'Limit CPU CFS (Completely Fair Scheduler) period' },
  { name: 'cpu-quota', type: 'int', usage: 'Limit CPU CFS (Completely Fair Scheduler) quota' },
  { name: 'cpu-rt-period', type: 'int', usage: 'Limit CPU real-time period in microseconds' },
  { name: 'cpu-rt-runtime', type: 'int', usage: 'Limit CPU real-time runtime in microseconds' },
  { name: 'cpu-shares', short: 'c', type: 'int', usage: 'CPU shares (relative weight)' },
  { name: 'cpus', type: 'string', usage: 'Number of CPUs' },
  { name: 'cpuset-cpus', type: 'string', usage: 'CPUs in which to allow execution (0-3, 0,1)' },
  { name: 'cpuset-mems', type: 'string', usage: 'MEMs in which to allow execution (0-3, 0,1)' },
  { name: 'device-cgroup-rule', type: 'list', usage: 'Add a rule to the cgroup allowed devices list' },
  { name: 'device-read-bps', type: 'list', usage: 'Limit read rate (bytes per second) from a device' },
  { name: 'device-read-iops', type: 'list', usage: 'Limit read rate (IO per second) from a device' },
  { name: 'device-write-bps', type: 'list', usage: 'Limit write rate (bytes per second) to a device' },
  { name: 'device-write-iops', type: 'list', usage: 'Limit write rate (IO per second) to a device' },
  { name: 'memory', short: 'm', type: 'string', usage: 'Memory limit' },
  { name: 'memory-reservation', type: 'string', usage: 'Memory soft limit' },
  {
    name: 'memory-swap',
    type: 'string',
    usage: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
  },
  {
    name: 'memory-swappiness',
    type: 'int',
    default: -1,
    usage: 'Tune container memory swappiness (0 to 100)',
  },
  { name: 'oom-kill-disable', type: 'bool', usage: 'Disable OOM Killer' },
  { name: 'oom-score-adj', type: 'int', usage: "Tune host's OOM preferences (-1000 to 1000)" },
  { name: 'pids-limit', type: 'int', usage: 'Tune container pids limit (set -1 for unlimited)' },
  { name: 'shm-size', type: 'string', usage: 'Size of /dev/shm' },
  { name: 'ulimit', type: 'list', usage: 'Ulimit options' },
];
