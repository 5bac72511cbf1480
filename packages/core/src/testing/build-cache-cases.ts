import { expect, test } from 'vitest';
import type { NewBuildCacheRecord } from '../metadata/build-cache-store.ts';
import type { MetadataStore } from '../metadata/metadata-store.ts';
import { digestOf, imageFixture, layerFixture, type OpenStore, testClock } from './metadata-store-suite.ts';

/** A step with a layer of its own, or with none. */
export function cachedStep(
  label: string,
  options: { readonly layer?: string | false; readonly slot?: string; readonly description?: string } = {},
): NewBuildCacheRecord {
  const { layer = label, slot = `slot ${label}`, description = `RUN make ${label}` } = options;
  const { digest, diffID, size } = layerFixture(layer || label, 'plain');
  return {
    key: digestOf(`key ${label}`).slice('sha256:'.length),
    slot,
    kind: 'regular',
    description,
    inputs: { base: digestOf('base'), instruction: description, values: { 'arg A': label } },
    ...(layer !== false && { layer: { digest, diffID, size } }),
  };
}

/** What every metadata store does with the build cache. */
export function buildCacheCases(open: OpenStore): void {
  const keysOf = (records: readonly { readonly key: string }[]) => records.map(({ key }) => key);
  const digestIn = ({ layer }: NewBuildCacheRecord) => layer!.digest;

  async function opened(clock = testClock()): Promise<MetadataStore & Disposable> {
    const store = await open(clock);
    return Object.assign(store, { [Symbol.dispose]: () => store.close() });
  }

  test('finds a cached step as it was put, with all that it has or without', async () => {
    const clock = testClock();
    using store = await opened(clock);
    const full: NewBuildCacheRecord = {
      ...cachedStep('a'),
      ...{ parent: cachedStep('b').key, kind: 'source.local', image: digestOf('image') },
      inputs: { base: '', instruction: 'COPY', values: {}, files: digestOf('files') },
    };
    const bare = cachedStep('b', { layer: false });
    const uses = { createdAt: clock.now(), lastUsedAt: clock.now(), useCount: 1 };
    expect([store.putBuildCache(full), store.putBuildCache(bare)]).toEqual([undefined, undefined]);
    expect(store.findBuildCache(full.key)).toEqual({ ...full, ...uses });
    expect(store.findBuildCache(bare.key)).toEqual({ ...bare, ...uses });
    expect(store.findBuildCache('0')).toBeUndefined();
  });

  test('lets the later of two results of a step win, and says what the other had', async () => {
    using store = await opened();
    const [first, second] = [cachedStep('a'), cachedStep('a', { layer: 'another' })];
    store.putBuildCache(first);
    expect(store.putBuildCache(first)).toBeUndefined();
    expect(store.putBuildCache(second)).toBe(digestIn(first));
    expect(store.listBuildCache()).toEqual([expect.objectContaining({ ...second, useCount: 3 })]);
    expect(store.unheld([digestIn(first), digestIn(second)])).toEqual([digestIn(first)]);
  });

  test('lists cached steps, least recently used first', async () => {
    const clock = testClock();
    using store = await opened(clock);
    const steps = ['a', 'b', 'c'].map((label) => cachedStep(label));
    for (const step of steps) {
      store.putBuildCache(step);
      clock.advance(1);
    }
    const [a, b, c] = keysOf(steps) as [string, string, string];
    store.touchBuildCache(a, 'unknown');
    expect(keysOf(store.listBuildCache())).toEqual([b, c, a]);
    expect(store.findBuildCache(a)).toMatchObject({ lastUsedAt: clock.now(), useCount: 2 });
  });

  test('finds earlier forms of a step by its place, then by what it says', async () => {
    const clock = testClock();
    using store = await opened(clock);
    const put = (label: string, slot: string, description: string) => {
      clock.advance(1);
      const step = cachedStep(label, { slot, description });
      store.putBuildCache(step);
      return step.key;
    };
    const here = put('1', 'here', 'RUN a');
    const now = put('2', 'here', 'RUN b');
    const moved = put('3', 'there', 'RUN b');
    put('4', 'there', 'RUN c');
    expect(keysOf(store.latestBuildCache('here', 'RUN b', 5))).toEqual([now, here, moved]);
    expect(keysOf(store.latestBuildCache('here', 'RUN b', 1))).toEqual([now, moved]);
    expect(store.latestBuildCache('nowhere', 'RUN', 5)).toEqual([]);
    const long = `RUN ${'x'.repeat(5000)}`;
    const longest = put('5', 'there', long);
    expect(keysOf(store.latestBuildCache('nowhere', long, 5))).toEqual([longest]);
  });

  test('holds the layers of cached steps until these are forgotten', async () => {
    using store = await opened();
    const steps = [cachedStep('a'), cachedStep('b', { layer: 'a' }), cachedStep('c', { layer: false })];
    const [a, b, c] = keysOf(steps) as [string, string, string];
    for (const step of steps) store.putBuildCache(step);
    const digest = digestIn(steps[0]!);
    expect(store.reachable()).toEqual(new Set([digest]));
    expect(store.deleteBuildCache([a, c])).toEqual([digest]);
    expect(store.sweep(() => true, [digest])).toEqual([]);
    expect(store.deleteBuildCache([b, 'unknown'])).toEqual([digest]);
    expect(store.sweep(() => true, [digest])).toEqual([digest]);
    expect(store.reachable()).toEqual(new Set());
  });

  test('keeps an image and a cached step apart that have the same layer', async () => {
    using store = await opened();
    const step = cachedStep('a');
    const image = imageFixture('a', { layers: [] });
    const layers = [{ ...step.layer!, chainID: digestOf('chain'), contentSize: 1 }];
    store.putBuildCache(step);
    store.putImage({ ...image.facts, layers }, [image.manifest], []);
    store.deleteImage(image.facts.id);
    expect(store.unheld([digestIn(step)])).toEqual([]);
    store.putImage({ ...image.facts, layers }, [image.manifest], []);
    store.deleteBuildCache([step.key]);
    expect(store.unheld([digestIn(step)])).toEqual([]);
  });

  test('sums up the layers of cached steps, each once', async () => {
    using store = await opened();
    expect(store.buildCacheBytes()).toBe(0);
    for (const step of [cachedStep('a'), cachedStep('b', { layer: 'a' }), cachedStep('c', { layer: false })])
      store.putBuildCache(step);
    expect(store.buildCacheBytes()).toBe(100);
    store.putBuildCache(cachedStep('d'));
    expect(store.buildCacheBytes()).toBe(200);
  });

  test('remembers what was removed on purpose until it is there again', async () => {
    using store = await opened();
    const [a, b] = [cachedStep('a'), cachedStep('b')];
    for (const step of [a, b]) store.putBuildCache(step);
    store.deleteBuildCache([a.key, 'unknown'], { remember: true });
    store.deleteBuildCache([b.key]);
    const removed = () => [a.key, b.key, 'unknown'].map((key) => store.wasBuildCacheRemoved(key));
    expect(removed()).toEqual([true, false, false]);
    store.putBuildCache(a);
    expect(removed()).toEqual([false, false, false]);
  });

  test('tells what leases name', async () => {
    using store = await opened();
    const lease = await store.acquireLease('build');
    lease.add(digestOf('a'), digestOf('b'));
    expect(store.leasedDigests()).toEqual(new Set([digestOf('a'), digestOf('b')]));
    await lease[Symbol.asyncDispose]();
    expect(store.leasedDigests()).toEqual(new Set());
  });
}
