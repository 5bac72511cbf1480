import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stepKey } from '../build/cache/step-key.ts';
import { tryFileLock } from '../content/file-lock.ts';
import type { ImageFacts } from '../metadata/metadata-store.ts';
import { filesOf, newStep, storeBareLayer, storeStep } from '../testing/cached-steps.ts';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { startNode } from '../testing/node-child.ts';
import { storeImage } from '../testing/stored-image.ts';
import { limitBuildCache } from './build-cache/cache-limit.ts';
import { openBuildCache } from './build-cache/stored-build-cache.ts';
import { pruneBuildCache } from './build-cache-prune.ts';
import type { Engine } from './engine.ts';
import type { Store } from './store/store.ts';

const HOUR_MS = 3600_000;

let sandbox: EngineSandbox;
let engine: Engine;
let store: Store;
beforeEach(() => {
  sandbox = new EngineSandbox();
  engine = sandbox.engine();
  store = sandbox.store();
});
afterEach(() => sandbox[Symbol.asyncDispose]());

const keyOf = (label: string) => stepKey(newStep(label).inputs);
const keysLeft = () =>
  store.metadata
    .listBuildCache()
    .map(({ description }) => description.replace('RUN make ', ''))
    .sort();

/** Gives a cached step's layer to an image as well. */
function putImageWith(layer: NonNullable<ReturnType<typeof newStep>['layer']>): ImageFacts {
  const facts = storeImage(store, 'image', { names: ['image:1'] });
  const layers = [{ ...layer, chainID: layer.diffID, contentSize: layer.size }];
  store.metadata.putImage({ ...facts, layers }, [], []);
  return facts;
}

function putMount(name: string, number = '0', bytes = 5000): string {
  const path = join(store.root, 'build/mounts', name, number);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'file'), Buffer.alloc(bytes, 1));
  writeFileSync(join(path, '..', 'id'), `/cache/${name}`);
  return path;
}

describe('pruneBuildCache', () => {
  test('removes steps that no image has, with layers and lists, and a dry run tells the same', async () => {
    const files = filesOf({ a: 'a' });
    await storeStep(store, 'a', { inputs: { ...newStep('a').inputs, files } });
    await storeStep(store, 'b', { bytes: 0 });
    const { layer } = await storeStep(store, 'c');
    putImageWith(layer!);
    const rehearsed = await engine.pruneBuildCache({ dryRun: true });
    expect(keysLeft()).toEqual(['a', 'b', 'c']);
    const done = await engine.pruneBuildCache();
    expect(done).toEqual(rehearsed);
    expect(done.deleted).toHaveLength(2);
    expect(done.reclaimedBytes).toBeGreaterThan(0);
    expect(keysLeft()).toEqual(['c']);
    expect(sandbox.files('build/files')).toEqual([]);
    expect(store.metadata.wasBuildCacheRemoved(keyOf('b'))).toBe(true);
    expect(await engine.pruneBuildCache()).toEqual({ deleted: [], reclaimedBytes: 0 });
    expect(await engine.pruneBuildCache({ all: true })).toEqual({
      deleted: [keyOf('c')],
      reclaimedBytes: 0,
    });
    expect(existsSync(store.blobs.pathOf(layer!.digest))).toBe(true);
  });

  test('takes no more than a limit asks for, by what the disk gives to the layers', async () => {
    for (const label of ['a', 'b', 'c']) await storeStep(store, label, { bytes: 4096 });
    store.metadata.touchBuildCache(keyOf('a'));
    const [first] = await engine.buildCache();
    const { deleted } = await engine.pruneBuildCache({ reservedBytes: 2 * first!.bytes });
    expect(deleted).toHaveLength(1);
    expect(keysLeft()).toContain('a');
  });

  test('spares what a running build has found, in this process and another', async () => {
    for (const label of ['a', 'b', 'c']) await storeStep(store, label);
    await using lease = await store.metadata.acquireLease('build');
    await openBuildCache(store, lease).find(keyOf('a'));
    const url = (path: string) => new URL(path, import.meta.url);
    await using child = startNode(
      `const store = keep(opened.openStore(${JSON.stringify(store.root)}));
       const lease = keep(await store.metadata.acquireLease('build'));
       await caches.openBuildCache(store, lease).find('${keyOf('b')}');
       console.log('found');
       process.stdin.resume();`,
      { opened: url('./store/open-store.ts'), caches: url('./build-cache/stored-build-cache.ts') },
    );
    await child.line();
    expect((await engine.pruneBuildCache({ all: true })).deleted).toEqual([keyOf('c')]);
    expect((await engine.buildCache({ filters: ['inuse=true'] })).map(({ id }) => id).sort()).toEqual(
      [keyOf('a'), keyOf('b')].sort(),
    );
    await child.kill();
    expect((await engine.pruneBuildCache({ all: true })).deleted).toEqual([keyOf('b')]);
  });

  test('never takes a layer from under a build that finds it meanwhile', async () => {
    const rounds = 30;
    const url = (path: string) => new URL(path, import.meta.url);
    await using child = startNode(
      `import { existsSync } from 'node:fs';
       const store = keep(opened.openStore(${JSON.stringify(store.root)}));
       for (let round = 0; round < ${rounds}; round++) {
         await steps.storeStep(store, 'same');
         await using lease = await store.metadata.acquireLease('build');
         const found = await caches.openBuildCache(store, lease).find('${keyOf('same')}');
         await new Promise(setImmediate);
         if (found && !existsSync(store.blobs.pathOf(found.layer.digest))) throw new Error('the layer went');
       }`,
      {
        opened: url('./store/open-store.ts'),
        caches: url('./build-cache/stored-build-cache.ts'),
        steps: url('../testing/cached-steps.ts'),
      },
    );
    let isOver = false;
    const done = child.done().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await engine.pruneBuildCache({ all: true });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await done;
  });

  test('refuses filters before it removes anything, and stops when it is cancelled', async () => {
    await storeStep(store, 'a');
    await expect(engine.pruneBuildCache({ filters: ['x=y'] })).rejects.toMatchObject({
      message: "Invalid filter 'x'",
    });
    const signal = AbortSignal.abort();
    await expect(engine.pruneBuildCache({}, { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(keysLeft()).toEqual(['a']);
  });

  test('has nothing to do in a store that is not there', async () => {
    const nowhere = sandbox.engine({ root: sandbox.path('nowhere') });
    expect(await nowhere.pruneBuildCache({ minFreeBytes: 1 })).toEqual({ deleted: [], reclaimedBytes: 0 });
    expect(await nowhere.buildCache()).toEqual([]);
  });
});

describe('cache mounts', () => {
  test('are listed with their sizes and last uses, and pruned as steps are', async () => {
    const old = putMount('aa');
    const young = putMount('bb', '1');
    const longAgo = new Date(Date.now() - 48 * HOUR_MS);
    for (const path of [join(old, '..', 'id'), old]) utimesSync(path, longAgo, longAgo);
    const listed = await engine.buildCache();
    expect(listed.map(({ id, type, description }) => ({ id, type, description }))).toEqual([
      { id: 'aa', type: 'exec.cachemount', description: 'cache mount /cache/aa' },
      { id: 'bb-1', type: 'exec.cachemount', description: 'cache mount /cache/bb' },
    ]);
    expect(listed[0]).toMatchObject({ isInUse: false, isShared: false, lastUsedAt: longAgo });
    const request = { filters: ['until=24h'] };
    const rehearsed = await engine.pruneBuildCache({ ...request, dryRun: true });
    expect(rehearsed).toEqual({ deleted: ['aa'], reclaimedBytes: listed[0]!.bytes });
    expect(existsSync(old)).toBe(true);
    expect(await engine.pruneBuildCache(request)).toEqual(rehearsed);
    expect([old, young].map(existsSync)).toEqual([false, true]);
  });

  test('are not taken from a step that has one, alone or with others', async () => {
    const paths = [putMount('aa'), putMount('bb'), putMount('cc')];
    const alone = tryFileLock(`${paths[0]}.lock`)!;
    const shared = tryFileLock(`${paths[1]}.use-1`)!;
    writeFileSync(`${paths[2]}.use-dead`, '');
    expect((await engine.buildCache()).map(({ isInUse }) => isInUse)).toEqual(
      expect.arrayContaining([true, true, false]),
    );
    expect((await engine.pruneBuildCache({ all: true })).deleted).toEqual(['cc']);
    alone.release();
    shared.release({ remove: true });
    expect([...(await engine.pruneBuildCache()).deleted].sort()).toEqual(['aa', 'bb']);
    expect(paths.map(existsSync)).toEqual([false, false, false]);
  });
});

describe('limitBuildCache', () => {
  const at = (ms: number) => ({ store, now: () => new Date(Date.now() + ms) });

  test('keeps the cache within its limit, and looks at everything only now and then', async () => {
    await storeStep(store, 'a', { bytes: 8192 });
    expect(await limitBuildCache(at(0), {})).toEqual({ deleted: [], reclaimedBytes: 0 });
    expect((await limitBuildCache(at(0), { keepStorage: '1kB' })).deleted).toEqual([]);
    expect((await limitBuildCache(at(11 * 60_000), { keepStorage: 'unlimited' })).deleted).toEqual([]);
    expect((await limitBuildCache(at(11 * 60_000), { keepStorage: '1kB' })).deleted).toEqual([keyOf('a')]);
  });

  test('removes what was not used for long, once a day', async () => {
    await storeStep(store, 'a');
    const limit = { keepStorage: 'unlimited', keepAge: '24h' };
    expect((await limitBuildCache(at(0), limit)).deleted).toEqual([]);
    expect((await limitBuildCache(at(23 * HOUR_MS), limit)).deleted).toEqual([]);
    expect((await limitBuildCache(at(25 * HOUR_MS), limit)).deleted).toEqual([keyOf('a')]);
  });

  test('leaves what images have to them', async () => {
    const { layer } = await storeStep(store, 'a', { bytes: 8192 });
    putImageWith(layer!);
    expect((await limitBuildCache(at(0), { keepStorage: '1kB' })).deleted).toEqual([]);
  });
});

test('digests of contexts go with all, or when nobody had news of them for a month', async () => {
  const contexts = join(store.root, 'build/contexts');
  mkdirSync(contexts, { recursive: true });
  for (const name of ['aa', 'bb']) writeFileSync(join(contexts, name), Buffer.alloc(5000, 1));
  utimesSync(join(contexts, 'aa'), 1, 1);
  const old = await engine.pruneBuildCache({ filters: ['unused-for=1h'] });
  expect(readdirSync(contexts)).toEqual(['bb']);
  const rehearsed = await engine.pruneBuildCache({ dryRun: true });
  expect(readdirSync(contexts)).toEqual(['bb']);
  expect(await engine.pruneBuildCache()).toEqual(rehearsed);
  expect(rehearsed).toEqual(old);
  expect(readdirSync(contexts)).toEqual([]);
});

describe('what else knows the build cache', () => {
  test('system df counts it by itself, and every byte once', async () => {
    const { layer } = await storeStep(store, 'a', { bytes: 9000 });
    await storeStep(store, 'b', { layer: layer! });
    const shared = await storeStep(store, 'c', { bytes: 9000 });
    putImageWith(shared.layer!);
    putMount('aa');
    const usage = await engine.diskUsage();
    const group = usage.groups.find(({ type }) => type === 'build-cache')!;
    const entries = new Map(usage.buildCache.map((entry) => [entry.id, entry]));
    const mine = entries.get(keyOf('a'))!.bytes + entries.get('aa')!.bytes;
    expect(group).toMatchObject({ total: 4, active: 0, reclaimableBytes: mine });
    expect(group.bytes).toBeGreaterThanOrEqual(mine);
    expect(usage.groups.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(usage.bytes);
    const { reclaimedBytes } = await engine.pruneBuildCache();
    expect(reclaimedBytes).toBe(mine);
    const images = usage.groups.find(({ type }) => type === 'images')!;
    expect(images.items[0]!.reclaimableBytes).toBeLessThan(9000);
  });

  test('system prune takes what nobody needs, in one run', async () => {
    await storeStep(store, 'a');
    const { layer } = await storeStep(store, 'b');
    const { id } = putImageWith(layer!);
    const untouched = await engine.systemPrune({ filters: ['label=x'] });
    expect(untouched.buildCache.deleted).toEqual([]);
    expect((await engine.systemPrune()).buildCache.deleted).toEqual([keyOf('a')]);
    store.metadata.listNames().forEach(({ ref }) => void store.metadata.deleteName(ref));
    const rehearsed = await engine.systemPrune({ dryRun: true });
    expect(rehearsed.images.events).toContainEqual({ deleted: id });
    expect(rehearsed.buildCache.deleted).toEqual([keyOf('b')]);
    const done = await engine.systemPrune();
    expect(done.buildCache).toEqual(rehearsed.buildCache);
    expect(sandbox.files('blobs')).toEqual([]);
    expect((await engine.systemPrune({ all: true })).buildCache.deleted).toEqual([]);
  });

  test('system check forgets steps whose layers are lost, and removes what killed builds left', async () => {
    const files = filesOf({ a: 'a' });
    const layer = storeBareLayer(store, 'lost');
    await storeStep(store, 'a', { layer, inputs: { ...newStep('a').inputs, files } });
    await storeStep(store, 'b', { bytes: 0 });
    store.metadata.forgetBlob(layer.digest);
    store.blobs.deleteSync(layer.digest);
    const scratch = join(store.root, 'build/scratch/11111111-1111-4111-8111-111111111111');
    const mount = putMount('aa');
    for (const path of [scratch, `${mount}.new`, `${mount}.old-1`]) mkdirSync(path, { recursive: true });
    const recent = join(store.root, 'build/scratch/22222222-2222-4222-8222-222222222222');
    mkdirSync(recent);
    // Long enough ago that a build would have come since.
    utimesSync(scratch, 1, 1);
    mkdirSync(join(store.root, 'build/files'), { recursive: true });
    writeFileSync(join(store.root, 'build/files/abcd.zst'), '');
    const key = stepKey({ ...newStep('a').inputs, files });
    const found = (await engine.check()).faults;
    expect(found.map(({ kind, subject }) => `${kind} ${subject}`).sort()).toEqual(
      [
        `build-cache-incomplete ${key}`,
        'stray-file build/files/abcd.zst',
        'stray-file build/mounts/aa/0.new',
        'stray-file build/mounts/aa/0.old-1',
        'stray-file build/scratch/11111111-1111-4111-8111-111111111111',
      ].sort(),
    );
    const repaired = (await engine.check({ repair: true })).faults;
    expect(repaired.every((fault) => fault.repaired !== undefined)).toBe(true);
    expect(existsSync(recent)).toBe(false);
    expect(keysLeft()).toEqual(['b']);
    expect((await engine.check()).faults).toEqual([]);
    expect(readdirSync(join(store.root, 'build/files'))).toEqual([]);
    expect(existsSync(mount)).toBe(true);
  });
});

test('a listing of what to prune counts images that are to go for nothing', async () => {
  const { layer } = await storeStep(store, 'a');
  const { id } = putImageWith(layer!);
  const deps = { store, now: () => new Date() };
  const options = { without: new Set([id]) };
  expect((await pruneBuildCache(deps, { dryRun: true }, options)).deleted).toEqual([keyOf('a')]);
  expect((await pruneBuildCache(deps, { dryRun: true })).deleted).toEqual([]);
});
