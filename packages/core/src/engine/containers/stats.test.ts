import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerStatus } from '../../runtime/container-state.ts';
import { readUsage } from '../../runtime/usage/read-usage.ts';
import type { ResourceUsage } from '../../runtime/usage/resource-usage.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeContainer } from '../../testing/stored-container.ts';
import { storeImage } from '../../testing/stored-image.ts';
import { type ContainerSample, containerStats, type StatsRequest } from './stats.ts';

const ID = 'c0ffee'.padEnd(64, '0');

describe.skipIf(process.platform !== 'linux')('what a container takes', () => {
  let sandbox: EngineSandbox;
  /** Milliseconds that were slept. */
  let slept: number[];
  let reads: number;
  beforeEach(() => {
    sandbox = new EngineSandbox();
    [slept, reads] = [[], 0];
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  /** One that runs is this very process. */
  function make(status: ContainerStatus): void {
    const store = sandbox.store();
    const { id } = storeImage(store, 'app', { names: ['app:1'] });
    storeContainer(store, { name: 'web', id: ID, imageId: id, status });
  }

  const samples = (
    mode: StatsRequest['mode'],
    onSleep: () => void = () => undefined,
    signal?: AbortSignal,
  ) => {
    const deps = {
      store: sandbox.store(),
      read: () => ({ cpu: { totalNs: ++reads } }) as ResourceUsage,
      clock: {
        sleep: async (ms: number) => {
          slept.push(ms);
          onSleep();
        },
      },
    };
    return containerStats(deps, { container: 'web', mode }, signal ? { signal } : {});
  };
  const all = async (source: AsyncIterable<ContainerSample>) => {
    const seen: unknown[] = [];
    for await (const { previous, usage } of source)
      seen.push([previous?.cpu.totalNs, usage?.cpu.totalNs].map((number) => number ?? 0));
    return seen;
  };

  test.each([
    { mode: 'instant', status: 'running', want: [[0, 1]], waits: [] },
    { mode: 'instant', status: 'paused', want: [[0, 1]], waits: [] },
    { mode: 'once', status: 'running', want: [[1, 2]], waits: [1000] },
    { mode: 'once', status: 'exited', want: [[0, 0]], waits: [] },
    { mode: 'instant', status: 'created', want: [[0, 0]], waits: [] },
  ] as const)('is told in mode $mode of one that is $status', async ({ mode, status, waits, want }) => {
    make(status);
    expect(await all(samples(mode))).toEqual(want);
    expect(slept).toEqual(waits);
  });

  test('comes every second until it is removed', async () => {
    make('running');
    const removeAfter = () => {
      if (slept.length === 3) sandbox.store().metadata.deleteContainer(ID);
    };
    expect(await all(samples('stream', removeAfter))).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  test('comes no more once nobody wants it', async () => {
    make('running');
    const controller = new AbortController();
    const source = samples('stream', () => controller.abort(), controller.signal);
    await expect(all(source)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(reads).toBe(2);
  });

  test('is an error for one that is not there', async () => {
    await expect(all(samples('stream'))).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' });
  });

  test('can be read of processes alone', () => {
    const noGroups = { canUseCgroups: false, cgroupVersion: 2 } as const;
    const usage = readUsage({ id: ID, pid: process.pid, options: {} }, noGroups);
    expect(usage?.memory.usageBytes).toBeGreaterThan(1 << 20);
    expect(usage?.memory.limitBytes).toBeGreaterThan(usage?.memory.usageBytes ?? 0);
    expect(usage?.host.onlineCpus).toBeGreaterThan(0);
    expect(readUsage({ id: ID, pid: 2 ** 30, options: {} }, noGroups)).toBeUndefined();
    // A runtime may have put it elsewhere.
    for (const cgroupVersion of [1, 2] as const) {
      const request = { id: ID, pid: process.pid, options: { cgroupParent: '/none' } };
      expect(readUsage(request, { canUseCgroups: true, cgroupVersion })?.memory.details).toHaveProperty(
        'rss',
      );
    }
  });
});
