import { describe, expect, test } from 'vitest';
import { usageOfV1 } from './cgroup-v1.ts';
import { usageOfV2 } from './cgroup-v2.ts';
import { hostCpuOf } from './host-cpu.ts';
import { usageOfProcesses } from './process-usage.ts';

const V1: Readonly<Record<string, string>> = {
  'cpuacct/cpuacct.usage': '70110651\n',
  'cpuacct/cpuacct.usage_percpu': '31113074 38997577 \n',
  'cpuacct/cpuacct.stat': 'user 3\nsystem 4\n',
  'cpu/cpu.stat': 'nr_periods 11\nnr_throttled 2\nthrottled_time 500\nnr_bursts 0\nburst_time 0\n',
  'memory/memory.usage_in_bytes': '6172672\n',
  'memory/memory.max_usage_in_bytes': '7397376\n',
  'memory/memory.limit_in_bytes': '67108864\n',
  'memory/memory.failcnt': '5\n',
  'memory/memory.stat': 'cache 5251072\nrss 28672\ntotal_inactive_file 5242880\n',
  'pids/pids.current': '3\n',
  'pids/pids.max': 'max\n',
  'blkio/blkio.throttle.io_service_bytes_recursive':
    '254:0 Read 4096\n254:0 Write 8192\n254:0 Total 12288\nTotal 12288\n',
  'blkio/blkio.throttle.io_serviced': '254:0 Read 1\n254:0 Write 2\nTotal 3\n',
};
const V2: Readonly<Record<string, string>> = {
  'cpu.stat':
    'usage_usec 70110\nuser_usec 40000\nsystem_usec 30110\nnr_periods 11\nnr_throttled 2\nthrottled_usec 7\n',
  'memory.current': '6172672\n',
  'memory.max': '67108864\n',
  'memory.events': 'low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n',
  'memory.stat': 'anon 28672\nfile 5251072\ninactive_file 5242880\n',
  'pids.current': '3\n',
  'pids.max': '100\n',
  'io.stat': '254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=1\n253:1 \n',
};

const v1 = (files = V1) => usageOfV1((controller, file) => files[`${controller}/${file}`]);
const v2 = (files = V2) => usageOfV2((file) => files[file]);

describe('control groups of version 1', () => {
  test('tell what a container takes', () => {
    expect(v1()).toEqual({
      cpu: {
        totalNs: 70110651,
        kernelNs: 40_000_000,
        userNs: 30_000_000,
        perCpuNs: [31113074, 38997577],
        throttling: { periods: 11, throttledPeriods: 2, throttledNs: 500 },
      },
      memory: {
        ...{ usageBytes: 6172672, maxUsageBytes: 7397376, limitBytes: 67108864, failures: 5 },
        details: { cache: 5251072, rss: 28672, total_inactive_file: 5242880 },
      },
      tasks: { count: 3 },
      blockIo: {
        bytes: [
          { major: 254, minor: 0, operation: 'Read', value: 4096 },
          { major: 254, minor: 0, operation: 'Write', value: 8192 },
          { major: 254, minor: 0, operation: 'Total', value: 12288 },
        ],
        operations: [
          { major: 254, minor: 0, operation: 'Read', value: 1 },
          { major: 254, minor: 0, operation: 'Write', value: 2 },
        ],
      },
    });
  });

  test('that are gone tell nothing, and controllers that are not there tell zeros', () => {
    expect(v1({})).toBeUndefined();
    expect(v1({ 'cpuacct/cpuacct.usage': '5' })).toMatchObject({
      cpu: { totalNs: 5, kernelNs: 0, perCpuNs: [] },
      memory: { usageBytes: 0, details: {} },
      tasks: { count: 0 },
      blockIo: { bytes: [], operations: [] },
    });
  });
});

describe('control groups of version 2', () => {
  test('tell what a container takes', () => {
    expect(v2()).toEqual({
      cpu: {
        totalNs: 70_110_000,
        kernelNs: 30_110_000,
        userNs: 40_000_000,
        throttling: { periods: 11, throttledPeriods: 2, throttledNs: 7000 },
      },
      memory: {
        ...{ usageBytes: 6172672, limitBytes: 67108864, failures: 1 },
        details: { anon: 28672, file: 5251072, inactive_file: 5242880 },
      },
      tasks: { count: 3, limit: 100 },
      blockIo: {
        bytes: [
          { major: 254, minor: 0, operation: 'read', value: 4096 },
          { major: 254, minor: 0, operation: 'write', value: 8192 },
          { major: 8, minor: 16, operation: 'read', value: 1 },
          { major: 8, minor: 16, operation: 'write', value: 0 },
        ],
      },
    });
  });

  test('that are gone tell nothing, and controllers that are not enabled tell zeros', () => {
    expect(v2({})).toBeUndefined();
    expect(v2({ 'cpu.stat': 'usage_usec 5\n', 'memory.max': 'max\n' })).toMatchObject({
      cpu: { totalNs: 5000 },
      memory: { usageBytes: 0, details: {} },
      tasks: { count: 0 },
      blockIo: { bytes: [] },
    });
    expect(v2({ ...V2, 'memory.max': 'max\n' })?.memory.limitBytes).toBeUndefined();
  });
});

// A file is read at once, but its last line may be cut where a kernel's buffer ends.
test.each([
  { name: 'version 1', files: V1, read: v1 },
  { name: 'version 2', files: V2, read: v2 },
])('texts of $name that are cut anywhere are read as far as they go', ({ files, read }) => {
  const longest = Math.max(...Object.values(files).map((text) => text.length));
  for (let length = 0; length < longest; length++) {
    const cut = Object.entries(files).map(([name, text]) => [name, text.slice(0, length)] as const);
    const usage = read(Object.fromEntries(cut));
    expect(JSON.stringify(usage ?? {})).not.toMatch(/null|NaN/);
  }
});

test('processes tell it where there is no control group', () => {
  const stat = (name: string, times: string) =>
    `7 (${name}) S 1 7 7 0 -1 4194560 100 0 0 0 ${times} 20 0 1 0 500 1000 50\n`;
  const first = {
    stat: stat('sh) R 9 (', '1 2 3 4'),
    status: 'Name:\tx\nVmRSS:\t    1024 kB\nThreads:\t1\n',
  };
  const second = { stat: stat('worker', '10 20 0 0'), status: 'VmRSS:\t 512 kB\nThreads:\t4\n' };
  // It ends just now.
  const zombie = { stat: '9 (x) Z', status: 'Name:\tx\nThreads:\t1\n' };
  expect(usageOfProcesses([first, second, zombie])).toEqual({
    cpu: {
      ...{ totalNs: 400_000_000, userNs: 140_000_000, kernelNs: 260_000_000 },
      throttling: { periods: 0, throttledPeriods: 0, throttledNs: 0 },
    },
    memory: { usageBytes: 1536 * 1024, details: { rss: 1536 * 1024 } },
    tasks: { count: 6 },
    blockIo: {},
  });
  expect(usageOfProcesses([])).toBeUndefined();
});

test('the machine tells how long its CPUs have been there', () => {
  const text =
    'cpu  100 2 30 4000 5 0 6 700 8 9\ncpu0 50 1 15 2000\ncpu1 50 1 15 2000\nintr 1 cpu2\nctxt 5\n';
  expect(hostCpuOf(text)).toEqual({ totalNs: 4143 * 10_000_000, onlineCpus: 2 });
  expect(hostCpuOf('')).toEqual({ totalNs: 0, onlineCpus: 0 });
});
