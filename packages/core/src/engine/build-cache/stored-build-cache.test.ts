import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { stepKey } from '../../build/cache/step-key.ts';
import type { StepFiles } from '../../build/step-inputs.ts';
import type { Lease } from '../../metadata/metadata-store.ts';
import { filesOf, newStep, storeBareLayer, storeStep } from '../../testing/cached-steps.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { startNode } from '../../testing/node-child.ts';
import type { Store } from '../store/store.ts';
import { FileLists } from './file-lists.ts';
import { type OwnBuildCache, openBuildCache } from './stored-build-cache.ts';

let sandbox: EngineSandbox;
let store: Store;
let lease: Lease;
let cache: OwnBuildCache;
beforeEach(async () => {
  sandbox = new EngineSandbox();
  store = sandbox.store();
  lease = await store.metadata.acquireLease('build');
  cache = openBuildCache(store, lease);
});
afterEach(async () => {
  await lease[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const withFiles = (label: string, files: StepFiles) => {
  const step = newStep(label);
  return { ...step, inputs: { ...step.inputs, files } };
};

describe('find', () => {
  test('gives what was put, and keeps its layer as long as the build runs', async () => {
    const { inputs, ...step } = await storeStep(store, 'a');
    const key = stepKey(inputs);
    const found = await cache.find(key);
    expect(found).toMatchObject({ ...step, key, kind: 'regular', inputs, useCount: 1 });
    cache.touch(key);
    await cache[Symbol.asyncDispose]();
    expect(await cache.find(key)).toMatchObject({ useCount: 2 });
    expect(store.metadata.leasedDigests()).toEqual(new Set([step.layer?.digest]));
    store.metadata.deleteBuildCache([key]);
    expect(store.metadata.unheld([step.layer!.digest])).toEqual([]);
    expect(await cache.find(key)).toBeUndefined();
  });

  test('gives a step without a layer', async () => {
    const { inputs } = await storeStep(store, 'a', { bytes: 0 });
    expect(await cache.find(stepKey(inputs))).not.toHaveProperty('layer');
  });

  test('forgets a step whose layer is gone, with its files', async () => {
    const files = filesOf({ a: 'a' });
    const { inputs, layer } = await storeStep(store, 'a', withFiles('a', files));
    const key = stepKey(inputs);
    const listed = new FileLists(store.root).pathOf(key);
    expect(existsSync(listed)).toBe(true);
    rmSync(store.blobs.pathOf(layer!.digest));
    expect(await cache.find(key)).toBeUndefined();
    expect(store.metadata.findBuildCache(key)).toBeUndefined();
    expect(existsSync(listed)).toBe(false);
    expect(cache.wasPruned(key)).toBe(false);
  });
});

describe('put', () => {
  test('sweeps the layer of the result whose place it takes, unless another build has found it', async () => {
    const { layer: first } = await storeStep(store, 'a');
    const { layer: second } = await storeStep(store, 'a', { layer: storeBareLayer(store, 'b') });
    expect(existsSync(store.blobs.pathOf(first!.digest))).toBe(false);
    await cache.find(stepKey(newStep('a').inputs));
    await storeStep(store, 'a');
    expect(existsSync(store.blobs.pathOf(second!.digest))).toBe(true);
  });

  test.each([
    { name: 'that was prepared', isPrepared: true },
    { name: 'that was not', isPrepared: false },
  ])('keeps the files of a step $name for who explains, and can do without them', async ({ isPrepared }) => {
    const files = filesOf({ a: 'a', 'b\n': 'c d' });
    const step = withFiles('a', files);
    if (isPrepared) cache.prepare(step.inputs);
    expect(sandbox.files('build')).toEqual([]);
    await cache.put(step);
    const record = (await cache.find(stepKey(step.inputs)))!;
    expect(record.inputs).toEqual({ ...step.inputs, files: files.digest });
    expect([...(await cache.filesOf(record))!]).toEqual([...files.list()]);
    const path = new FileLists(store.root).pathOf(record.key);
    truncateSync(path, 20);
    expect(await cache.filesOf(record)).toBeUndefined();
    writeFileSync(path, 'no list');
    expect(await cache.filesOf(record)).toBeUndefined();
    rmSync(path);
    expect(await cache.filesOf(record)).toBeUndefined();
  });

  test('does not take the files of another step for those of this one', async () => {
    const lists = new FileLists(store.root);
    await lists.write('ab', filesOf({ a: 'a' }));
    expect(await lists.read('ab', filesOf({ a: 'b' }).digest)).toBeUndefined();
  });

  test.each([{ isPrepared: true }, { isPrepared: false }])(
    'keeps no list that is too long, prepared: $isPrepared',
    async ({ isPrepared }) => {
      const state = 'x'.repeat(1 << 20);
      const list = function* () {
        for (let i = 0; i < 64; i++) yield { path: `${i}`, state };
      };
      const step = withFiles('a', { digest: filesOf({}).digest, list });
      if (isPrepared) cache.prepare(step.inputs);
      await cache.put(step);
      const record = (await cache.find(stepKey(step.inputs)))!;
      expect(await cache.filesOf(record)).toBeUndefined();
      expect(sandbox.files('build')).toEqual([]);
    },
  );

  test('has an empty list for a step without files', async () => {
    const { inputs } = await storeStep(store, 'a');
    expect(await cache.filesOf((await cache.find(stepKey(inputs)))!)).toEqual([]);
  });
});

test('two processes put one step at once, and what either finds has its layer', async () => {
  const rounds = 25;
  const script = (label: string) => `
    import { existsSync } from 'node:fs';
    const store = keep(opened.openStore(${JSON.stringify(sandbox.root)}));
    const inputs = steps.newStep('same').inputs;
    for (let round = 0; round < ${rounds}; round++) {
      const lease = await store.metadata.acquireLease('build');
      const cache = caches.openBuildCache(store, lease);
      const layer = steps.storeBareLayer(store, '${label}' + round);
      await cache.put(steps.newStep('same', { layer }));
      const found = await cache.find(keys.stepKey(inputs));
      await new Promise(setImmediate);
      if (!existsSync(store.blobs.pathOf(found.layer.digest))) throw new Error('the layer went under a lease');
      await lease[Symbol.asyncDispose]();
    }`;
  const url = (path: string) => new URL(path, import.meta.url);
  const imports = {
    opened: url('../store/open-store.ts'),
    caches: url('./stored-build-cache.ts'),
    keys: url('../../build/cache/step-key.ts'),
    steps: url('../../testing/cached-steps.ts'),
  };
  await using one = startNode(script('one'), imports);
  await using two = startNode(script('two'), imports);
  await Promise.all([one.done(), two.done()]);
  const [record] = store.metadata.listBuildCache();
  expect(store.metadata.listBuildCache()).toHaveLength(1);
  await store.sweep();
  expect(sandbox.files('blobs')).toHaveLength(1);
  expect(existsSync(store.blobs.pathOf(record!.layer!.digest))).toBe(true);
});
