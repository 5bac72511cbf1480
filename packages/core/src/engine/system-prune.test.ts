import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { storeContainer, upperOf } from '../testing/stored-container.ts';
import { storeImage } from '../testing/stored-image.ts';
import type { Engine } from './engine.ts';
import type { Store } from './store/store.ts';

describe.skipIf(process.platform !== 'linux')('systemPrune', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  let store: Store;
  beforeEach(() => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    store = sandbox.store();
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  /** A stopped container whose image and volume nobody else has, one that runs, and what each leaves. */
  async function furnish() {
    const [used, live, dangling] = ['used', 'live', 'dangling'].map((label) =>
      storeImage(store, label, label === 'dangling' ? {} : { names: [`${label}:1`] }),
    );
    const running = storeContainer(store, { name: 'running', imageId: live!.id, status: 'running' });
    const stopped = await engine.containers.create({
      image: 'used:1',
      options: { command: ['x'], volumes: ['/v'], mounts: [{ type: 'volume', name: 'db', target: '/db' }] },
      labels: { tier: 'old' },
    });
    writeFileSync(join(upperOf(store, stopped), 'changed'), 'x'.repeat(100));
    return { used: used!.id, live: live!.id, dangling: dangling!.id, running, stopped };
  }

  test('takes containers, volumes and images in one run, and a dry run tells the same', async () => {
    const { used, live, dangling, running, stopped } = await furnish();
    const request = { all: true, volumes: true, snapshots: true };
    const rehearsed = await engine.systemPrune({ ...request, dryRun: true });
    expect((await engine.containers.list({ all: true })).length).toBe(2);
    expect(await engine.volumes.list()).toHaveLength(2);
    expect(await engine.images()).toHaveLength(3);
    const done = await engine.systemPrune(request);
    expect(done).toEqual(rehearsed);
    expect(done.containers).toEqual({ deleted: [stopped.id], reclaimedBytes: 100 });
    expect(done.volumes.deleted).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(done.images.events).toEqual(
      expect.arrayContaining([{ untagged: 'used:1' }, { deleted: used }, { deleted: dangling }]),
    );
    expect((await engine.images()).map(({ id }) => id)).toEqual([live]);
    expect((await engine.containers.list({ all: true })).map(({ container }) => container.id)).toEqual([
      running.id,
    ]);
    expect((await engine.volumes.list()).map(({ name }) => name)).toEqual(['db']);
    const again = await engine.systemPrune(request);
    expect([again.containers.deleted, again.volumes.deleted, again.images.events]).toEqual([[], [], []]);
  });

  test('takes no more than it is asked for', async () => {
    const { dangling, stopped } = await furnish();
    const { containers, volumes, images } = await engine.systemPrune();
    expect(containers.deleted).toEqual([stopped.id]);
    expect(volumes.deleted).toEqual([]);
    expect(images.events).toEqual([{ deleted: dangling }]);
    expect(await engine.volumes.list()).toHaveLength(2);
  });

  test('keeps to filters, and refuses those that do not fit before anything goes', async () => {
    const { stopped } = await furnish();
    for (const [request, text] of [
      [{ filters: ['until=1h'], volumes: true }, 'The "until" filter is not supported with "--volumes"'],
      [{ filters: ['reference=x'] }, "Invalid filter 'reference'"],
      [{ filters: ['until=x'] }, 'failed to parse value as time'],
    ] as const)
      await expect(engine.systemPrune(request)).rejects.toThrow(text);
    expect((await engine.systemPrune({ filters: ['until=24h'] })).containers.deleted).toEqual([]);
    expect((await engine.containers.prune({ filters: ['label!=tier'] })).deleted).toEqual([]);
    expect((await engine.containers.prune({ filters: ['label=tier=old', 'until=-1h'] })).deleted).toEqual([
      stopped.id,
    ]);
  });

  test('works on a store without anything', async () => {
    mkdirSync(sandbox.root, { recursive: true });
    const { images } = await engine.systemPrune({ all: true, volumes: true, snapshots: true });
    expect(images).toEqual({ events: [], contentBytes: 0, reclaimedBytes: 0 });
  });

  test('stops when it is told to', async () => {
    await furnish();
    const pruning = engine.systemPrune({}, { signal: AbortSignal.abort() });
    await expect(pruning).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await engine.containers.list({ all: true })).toHaveLength(2);
  });
});
