import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResourceLimits } from '../../runtime/container-options.ts';
import type { ContainerStatus } from '../../runtime/container-state.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { HostFacts } from '../../runtime/spec/host-facts.ts';
import type { ChangeableLimits } from '../../runtime/spec/limit-changes.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeContainer } from '../../testing/stored-container.ts';
import { storeImage } from '../../testing/stored-image.ts';
import type { ContainerDeps } from './container-deps.ts';
import { recordOf } from './container-records.ts';
import { updateContainer } from './update.ts';

const ID = 'c0ffee'.padEnd(64, '0');
const MIB = 1 << 20;
const HOST = { canUseCgroups: true, hasSwapLimit: true } as HostFacts;

describe.skipIf(process.platform !== 'linux')('the limits of a container', () => {
  let sandbox: EngineSandbox;
  let told: unknown[];
  beforeEach(() => {
    sandbox = new EngineSandbox();
    told = [];
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  function make(status: ContainerStatus, resources: ResourceLimits = {}): void {
    const store = sandbox.store();
    const { id } = storeImage(store, 'app', { names: ['app:1'] });
    storeContainer(store, { name: 'web', id: ID, imageId: id, status, options: { resources } });
  }

  const update = (limits: ChangeableLimits, host = HOST, failure?: Error) => {
    const runtime: Partial<Runtime> = {
      update: async (id, resources) => {
        told.push([id, resources]);
        if (failure) throw failure;
      },
    };
    const deps = { store: sandbox.store(), runtime: () => runtime as Runtime } as ContainerDeps;
    return updateContainer(deps, { container: 'web', limits }, host);
  };
  const kept = () => recordOf(sandbox.store().metadata.findContainer('web')!).options.resources;

  test('change at once while it runs, and for each start', async () => {
    make('running', { memoryBytes: 64 * MIB, cpuShares: 7 });
    await update({ memoryBytes: 32 * MIB, cpuShares: 0, nanoCpus: 5e8, cpusetCpus: '' });
    expect(told).toEqual([[ID, { memory: { limit: 32 * MIB }, cpu: { quota: 50_000, period: 100_000 } }]]);
    expect(kept()).toEqual({ memoryBytes: 32 * MIB, cpuShares: 7, nanoCpus: 5e8 });
  });

  test('are only kept while it does not run, and nothing is told of no change', async () => {
    make('exited');
    await update({ pidsLimit: 10, blkioWeight: 100 });
    expect([told, kept()]).toEqual([[], { pidsLimit: 10, blkioWeight: 100 }]);
    await update({});
    expect(kept()).toEqual({ pidsLimit: 10, blkioWeight: 100 });
  });

  test('that the kernel takes together are told together', async () => {
    make('running', { memoryBytes: 64 * MIB, cpuQuota: 20_000 });
    await update({ cpuPeriod: 50_000, memorySwapBytes: -1 });
    expect(told).toEqual([
      [ID, { memory: { limit: 64 * MIB, swap: -1 }, cpu: { quota: 20_000, period: 50_000 } }],
    ]);
  });

  test.each<{ has?: ResourceLimits; asked: ChangeableLimits; code: string; text: string }>([
    {
      has: { nanoCpus: 1e9 },
      asked: { cpuQuota: 20_000 },
      code: 'CONFLICT',
      text: `Cannot update container ${ID}: Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set`,
    },
    {
      has: { cpuPeriod: 20_000 },
      asked: { nanoCpus: 1e9 },
      code: 'CONFLICT',
      text: `Cannot update container ${ID}: Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set`,
    },
    {
      asked: { memoryBytes: 64 * MIB },
      code: 'CONFLICT',
      text: `Cannot update container ${ID}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
    },
    { asked: { memoryBytes: 1 }, code: 'INVALID_ARGUMENT', text: 'Minimum memory limit allowed is 6MB' },
    { asked: { blkioWeight: 5 }, code: 'INVALID_ARGUMENT', text: 'Range of blkio weight is from 10 to 1000' },
  ])('are left as they are for $asked', async ({ asked, code, has = {}, text }) => {
    make('running', has);
    await expect(update(asked)).rejects.toMatchObject({ code, message: text });
    expect([told, kept()]).toEqual([[], has]);
  });

  test('are left as they are when the runtime refuses, and where there are no control groups', async () => {
    make('running');
    const refusal = Object.assign(new Error('no'), { code: 'INTERNAL' });
    await expect(update({ cpuShares: 9 }, HOST, refusal)).rejects.toThrow('no');
    await expect(update({ cpuShares: 9 }, { ...HOST, canUseCgroups: false })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'limits of cpu need control groups, which containers have only when root runs them',
    });
    expect(kept()).toEqual({});
  });
});
