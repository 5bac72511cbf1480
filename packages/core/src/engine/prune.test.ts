import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { hostPlatform } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import { EngineSandbox, nameAt, serveDocument, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { storeImage } from '../testing/stored-image.ts';
import type { PruneRequest, RemovalEvent } from './engine.ts';
import { prune } from './prune.ts';

const HOST = hostPlatform(process.platform, process.arch);
const NOW = new Date('2026-11-23T21:48:09Z');

/** A store that is to be pruned; `left` says which images are left, `gone` which of the events named. */
class PruneSandbox extends EngineSandbox {
  readonly opened = this.store();
  readonly #labels = new Map<string, string>();

  put(label: string, options: Parameters<typeof storeImage>[2] = {}): Digest {
    const { id } = storeImage(this.opened, label, options);
    this.#labels.set(id, label);
    return id;
  }

  run(request: PruneRequest, isInUse?: (image: Digest) => boolean) {
    const configuredFilters = async () => [];
    const deps = { store: this.opened, now: () => NOW, configuredFilters };
    return prune({ ...deps, ...(isInUse && { isInUse }) }, request);
  }

  left(): string[] {
    const images = this.opened.metadata.listImages();
    return images.map(({ id }) => this.#labels.get(id) ?? id).sort();
  }

  names(): string[] {
    return this.opened.metadata.listNames().map((name) => familiarName(name.ref));
  }

  told(events: readonly RemovalEvent[]): string[] {
    return events.map((event) =>
      'untagged' in event ? `-${event.untagged}` : (this.#labels.get(event.deleted) ?? event.deleted),
    );
  }

  /** Bytes that `system df` counts under images. */
  async usedBytes(): Promise<number> {
    const { groups } = await this.engine().diskUsage();
    return groups.find(({ type }) => type === 'images')?.bytes ?? 0;
  }
}

describe('prune', () => {
  test('takes what has no tag, with the untagged parents it leaves without children', async () => {
    await using sandbox = new PruneSandbox();
    const base = sandbox.put('base', { names: ['base:1'] });
    const step = sandbox.put('step', { parent: base });
    sandbox.put('leaf', { parent: step });
    sandbox.put('by digest', { names: [`app@sha256:${'a'.repeat(64)}`] });
    sandbox.put('kept', { names: ['kept:1'] });
    const { events } = await sandbox.run({});
    expect(sandbox.told(events).filter((line) => !line.startsWith('-'))).toEqual(
      expect.arrayContaining(['leaf', 'step', 'by digest']),
    );
    expect(sandbox.left()).toEqual(['base', 'kept']);
    expect(await sandbox.run({})).toEqual({ events: [], contentBytes: 0, reclaimedBytes: 0 });
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('takes in the same run what is dangling only when its children are gone', async () => {
    await using sandbox = new PruneSandbox();
    const base = sandbox.put('base', { names: [`base@sha256:${'a'.repeat(64)}`], labels: { old: '' } });
    const kid = sandbox.put('kid', { parent: base, labels: { old: '' } });
    const request = { filters: ['label=old'] };
    const rehearsed = await sandbox.run({ ...request, dryRun: true });
    await sandbox.engine().pin(kid);
    expect((await sandbox.run(request)).events).toEqual([]);
    await sandbox.engine().unpin(kid);
    expect(await sandbox.run(request)).toEqual(rehearsed);
    expect(sandbox.left()).toEqual([]);
  });

  test('takes a name off what another image was made from, which stays', async () => {
    await using sandbox = new PruneSandbox();
    const base = sandbox.put('base', { names: ['base:1'], created: '2020-01-01T00:00:00Z' });
    sandbox.put('app', { names: ['app:1'], parent: base });
    const request = { all: true, filters: ['until=2021-01-01T00:00:00Z'] };
    expect((await sandbox.run(request)).events).toEqual([{ untagged: 'base:1' }]);
    expect((await sandbox.run(request)).events).toEqual([]);
    expect(sandbox.left()).toEqual(['app', 'base']);
  });

  test('takes everything with all, in one run, whatever stands on what', async () => {
    await using sandbox = new PruneSandbox();
    const base = sandbox.put('base', { names: ['base:1', 'other:1'], created: '2026-03-01T00:00:00Z' });
    const step = sandbox.put('step', { parent: base, created: '2026-02-01T00:00:00Z' });
    sandbox.put('app', { parent: step, names: ['app:1'], created: '2026-01-01T00:00:00Z' });
    const { events } = await sandbox.run({ all: true });
    expect(sandbox.told(events)).toEqual(['-base:1', '-other:1', '-app:1', 'app', 'step', 'base']);
    expect(sandbox.contents()).toEqual([]);
  });

  test('spares what a container uses and what is pinned, and what they were made from', async () => {
    await using sandbox = new PruneSandbox();
    const base = sandbox.put('base');
    const used = sandbox.put('used', { parent: base, names: ['used:1'] });
    const pinned = sandbox.put('pinned');
    sandbox.put('other', { names: ['other:1'] });
    await sandbox.engine().pin(pinned);
    await sandbox.run({ all: true }, (image) => image === used);
    expect(sandbox.left()).toEqual(['base', 'pinned', 'used']);
    await sandbox.engine().unpin(pinned);
    await sandbox.run({});
    expect(sandbox.left()).toEqual(['base', 'used']);
  });

  test('does not take a pinned parent along', async () => {
    await using sandbox = new PruneSandbox();
    const parent = sandbox.put('parent');
    sandbox.put('child', { parent });
    await sandbox.engine().pin(parent);
    await sandbox.run({});
    expect(sandbox.left()).toEqual(['parent']);
  });

  test.each<{ filters: string[]; left: string[] }>([
    { filters: ['until=2026-06-01T00:00:00Z'], left: ['new', 'tagged'] },
    { filters: ['until=1h'], left: ['tagged'] },
    { filters: ['label=tier'], left: ['big', 'new', 'tagged'] },
    { filters: ['label=tier=db'], left: ['big', 'new', 'old', 'tagged'] },
    { filters: ['label!=tier'], left: ['old', 'tagged'] },
    { filters: ['size>1MB'], left: ['new', 'old', 'tagged'] },
    { filters: ['size<1MB', 'label!=tier'], left: ['big', 'old', 'tagged'] },
    { filters: ['reference=*'], left: ['big', 'new', 'old', 'tagged'] },
    { filters: ['reference=*', 'dangling=false'], left: ['big', 'new', 'old'] },
    { filters: ['dangling=0'], left: [] },
  ])('with $filters leaves $left', async ({ filters, left }) => {
    await using sandbox = new PruneSandbox();
    sandbox.put('old', { labels: { tier: 'web' }, created: '2026-01-01T00:00:00Z' });
    sandbox.put('new', { created: '2026-10-01T00:00:00Z' });
    sandbox.put('big', { size: 2_000_000, created: '2026-01-01T00:00:00Z' });
    sandbox.put('tagged', { names: ['tagged:1'] });
    await sandbox.run({ filters });
    expect(sandbox.left()).toEqual(left);
  });

  test('takes only the names that a reference means, and the image with its last one', async () => {
    await using sandbox = new PruneSandbox();
    sandbox.put('both', { names: ['ci/app:1', 'app:prod'] });
    sandbox.put('ci', { names: ['ci/app:2', `ci/app@sha256:${'a'.repeat(64)}`] });
    await sandbox.run({ all: true, filters: ['reference=ci/*'] });
    expect(sandbox.left()).toEqual(['both']);
    expect(sandbox.names()).toEqual(['app:prod']);
  });

  test('keeps the newest tags of each repository', async () => {
    await using sandbox = new PruneSandbox();
    for (const month of [1, 2, 3, 4])
      sandbox.put(`app ${month}`, { names: [`app:${month}`], created: `2026-0${month}-01T00:00:00Z` });
    sandbox.put('tool', { names: ['tool:1', 'app:0'], created: '2025-01-01T00:00:00Z' });
    sandbox.put('dangling', { created: '2026-05-01T00:00:00Z' });
    const { events } = await sandbox.run({ all: true, keep: 2 });
    expect(sandbox.told(events)).toEqual(['dangling', '-app:2', 'app 2', '-app:1', 'app 1', '-app:0']);
    expect(sandbox.names()).toEqual(['app:3', 'app:4', 'tool:1']);
    expect((await sandbox.run({ all: true, keep: 2 })).events).toEqual([]);
  });

  test.each([
    { request: { keep: 1 }, message: 'there are no tags to keep: only dangling images would go' },
    { request: { keep: -1, all: true }, message: 'cannot keep -1 tags: want a whole number from 0 on' },
    { request: { filters: ['nosuch=1'] }, message: "Invalid filter 'nosuch'" },
  ])('refuses $request', async ({ request, message }) => {
    await using sandbox = new PruneSandbox();
    await expect(sandbox.run(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  });

  test('adds the filters of config.json when it is told to', async () => {
    await using sandbox = new PruneSandbox();
    sandbox.put('kept', { labels: { keep: '' } });
    sandbox.put('web', { labels: { tier: 'web' } });
    mkdirSync(sandbox.path('home/.docker'), { recursive: true });
    const config = { pruneFilters: ['label!=keep', 'nonsense'] };
    writeFileSync(sandbox.path('home/.docker/config.json'), JSON.stringify(config));
    await sandbox.engine().prune({ configured: true });
    expect(sandbox.left()).toEqual(['kept']);
    // What is asked for counts before what is configured.
    await sandbox.engine().prune({ configured: true, filters: ['label=keep'] });
    expect(sandbox.left()).toEqual([]);
  });
});

describe('the bytes of a prune', () => {
  test('are what the disk gets back, and a dry run tells them and touches nothing', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new PruneSandbox();
    const app = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { app: 'app' }] });
    const tool = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { tool: 'tool' }] });
    serveImage(registry, 'team/app', '1', app);
    serveImage(registry, 'team/tool', '1', tool);
    const engine = sandbox.engine();
    for (const name of ['team/app:1', 'team/tool:1']) await engine.pull({ ref: nameAt(registry, name) });
    const request = { all: true, filters: ['reference=*/team/app'] };
    const before = { files: sandbox.contents(), names: sandbox.names(), bytes: await sandbox.usedBytes() };
    const rehearsed = await sandbox.run({ ...request, dryRun: true });
    expect({ files: sandbox.contents(), names: sandbox.names(), bytes: await sandbox.usedBytes() }).toEqual(
      before,
    );
    const pruned = await sandbox.run(request);
    expect(pruned).toEqual(rehearsed);
    expect(pruned.reclaimedBytes).toBe(before.bytes - (await sandbox.usedBytes()));
    expect(pruned.reclaimedBytes).toBeGreaterThan(0);
    expect(pruned.contentBytes).toBe('app'.length);
    // The layer that the other image rests on is neither told of nor gone.
    expect(pruned.events.filter((event) => 'deleted' in event)).toHaveLength(2);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('leave out what the registry service still needs', async () => {
    await using sandbox = new PruneSandbox();
    const id = sandbox.put('served');
    const { manifest } = sandbox.opened.metadata.findImage(id)!;
    sandbox.opened.metadata.putManifest('team/app', { descriptor: manifest, children: [id] }, ['1']);
    const nothing = { events: [{ deleted: id }], contentBytes: 0, reclaimedBytes: 0 };
    expect(await sandbox.run({ dryRun: true })).toEqual(nothing);
    expect(await sandbox.run({})).toEqual(nothing);
    expect(sandbox.contents()).toHaveLength(2);
  });
});

describe('prune beside others', () => {
  test('counts what came in an index as named by it', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new PruneSandbox();
    const platforms = [HOST, { os: 'linux', architecture: 's390x' }];
    const images = platforms.map((platform) => ({
      platform,
      fixture: makeImageFixture({ platform, layers: [{ arch: platform.architecture }] }),
    }));
    for (const { fixture } of images) serveImage(registry, 'team/app', '', fixture);
    serveDocument(registry, 'team/app', '1', makeIndexFixture(images));
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1'), allPlatforms: true });
    expect((await sandbox.run({})).events).toEqual([]);
    expect(await engine.images({ filters: ['dangling=true'] })).toEqual([]);
    expect(await engine.images({ filters: ['dangling=false'] })).toHaveLength(2);
    await sandbox.run({ all: true });
    expect(sandbox.contents()).toEqual([]);
  });

  test('takes nothing from a pull and a tag of another engine', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new PruneSandbox();
    const app = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { app: 'app' }] });
    const tool = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { tool: 'tool' }] });
    serveImage(registry, 'team/app', '1', app);
    serveImage(registry, 'team/tool', '1', tool);
    const [first, second] = [nameAt(registry, 'team/app:1'), nameAt(registry, 'team/tool:1')];
    const engine = sandbox.engine();
    for (let round = 0; round < 5; round++) {
      await engine.pull({ ref: first });
      sandbox.opened.metadata.deleteName(first);
      const names = sandbox.opened.metadata.listNames(first);
      for (const { ref } of names) sandbox.opened.metadata.deleteName(ref);
      const tagging = sandbox
        .engine()
        .tag({ source: app.image.config.descriptor.digest, target: parseReference('mine:1') })
        .then(
          () => true,
          () => false,
        );
      await Promise.all([sandbox.engine().pull({ ref: second }), sandbox.engine().prune()]);
      expect(sandbox.names().includes('mine:1')).toBe(await tagging);
      expect((await engine.check()).faults).toEqual([]);
      await engine.prune({ all: true });
      expect(sandbox.contents()).toEqual([]);
    }
  });

  test('takes a thousand in batches, and stops between two when it is told to', async () => {
    await using sandbox = new PruneSandbox();
    for (let index = 0; index < 1000; index++) storeImage(sandbox.opened, `image ${index}`);
    const controller = new AbortController();
    const engine = sandbox.engine();
    let outcome: unknown;
    const running = engine.prune({}, { signal: controller.signal }).then(
      (result) => (outcome = result),
      (error) => (outcome = error),
    );
    while (sandbox.left().length === 1000 && outcome === undefined)
      await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await running).toMatchObject({ code: 'CANCELLED' });
    const left = sandbox.left().length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(1000);
    const { events } = await engine.prune();
    expect(events).toHaveLength(left);
    expect(sandbox.contents()).toEqual([]);
    expect((await engine.check()).faults).toEqual([]);
  });
});
