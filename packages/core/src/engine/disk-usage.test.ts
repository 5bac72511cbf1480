import { lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blobPath, tocPath } from '../content/store-paths.ts';
import type { Digest } from '../digest.ts';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { hostPlatform } from '../platform.ts';
import { parseReference } from '../reference.ts';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { makeImageFixture, storeOf } from '../testing/image-fixtures.ts';
import { storeContainer, upperOf } from '../testing/stored-container.ts';
import type { DiskUsage, DiskUsageGroup } from './engine.ts';

const HOST = hostPlatform(process.platform, process.arch);
const app = makeImageFixture({
  names: ['app:1'],
  platform: HOST,
  layers: [{ base: 'base' }, { app: 'app' }],
});
const tool = makeImageFixture({
  names: ['tool:1'],
  platform: HOST,
  layers: [{ base: 'base' }, { tool: 'tool' }],
});

/** What `du` would say, by its own walk. */
function blocksUnder(path: string): number {
  const stat = lstatSync(path);
  const below = stat.isDirectory() ? readdirSync(path).map((name) => blocksUnder(join(path, name))) : [];
  return below.reduce((sum, bytes) => sum + bytes, stat.blocks * 512);
}

function groupOf(usage: DiskUsage, type: DiskUsageGroup['type']): DiskUsageGroup {
  return usage.groups.find((group) => group.type === type)!;
}

async function loaded(sandbox: EngineSandbox) {
  const engine = sandbox.engine();
  const images = [app.image, tool.image];
  await engine.load({ from: writeDockerArchive(images, await storeOf([app, tool]), {}) });
  return engine;
}

/** Puts a blob into the store; broken off, its first bytes alone. */
async function put(sandbox: EngineSandbox, key: string, bytes: Uint8Array, end: 'commit' | 'break') {
  await using writer = await sandbox.store().blobs.begin(key);
  await writer.write(bytes);
  if (end === 'commit') return (await writer.commit()).digest;
  return undefined;
}

test('adds up to what the files take, for every kind of content', async () => {
  await using sandbox = new EngineSandbox();
  const engine = await loaded(sandbox);
  await put(sandbox, `sha256:${'a'.repeat(64)}`, Buffer.alloc(9000, 1), 'break');
  await put(sandbox, 'orphan', Buffer.alloc(20_000, 2), 'commit');
  const usage = await engine.diskUsage();
  expect(usage.bytes).toBe(blocksUnder(sandbox.root));
  expect(usage.groups.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(usage.bytes);
});

test('gives each image all that it needs, and back what it alone needs', async () => {
  await using sandbox = new EngineSandbox();
  const engine = await loaded(sandbox);
  await engine.tag({ source: 'app:1', target: parseReference('app:latest') });
  const { total, items, bytes } = groupOf(await engine.diskUsage(), 'images');
  expect(total).toBe(2);
  expect(items.map(({ name }) => name).sort()).toEqual(['app:1, app:latest', 'tool:1']);
  const base = app.layers[0]!.descriptor.digest;
  const shared = [blobPath, tocPath].reduce((sum, path) => sum + blocksUnder(path(sandbox.root, base)), 0);
  for (const item of items) expect(item.bytes - item.reclaimableBytes).toBe(shared);
  expect(items.reduce((sum, item) => sum + item.bytes, 0) - shared).toBe(bytes);
});

test('calls a download that broke off by what it was to become, with all that is kept of it', async () => {
  await using sandbox = new EngineSandbox();
  const key = `sha256:${'a'.repeat(64)}`;
  await put(sandbox, key, Buffer.alloc(9000, 1), 'break');
  const partials = groupOf(await sandbox.engine().diskUsage(), 'partial-downloads');
  const [directory] = readdirSync(join(sandbox.root, 'ingests'));
  const bytes = blocksUnder(join(sandbox.root, 'ingests', directory!));
  expect(partials).toMatchObject({ total: 1, bytes, items: [{ name: key, bytes, reclaimableBytes: bytes }] });
});

test('tells what nothing needs from what only a registry names', async () => {
  await using sandbox = new EngineSandbox();
  const engine = await loaded(sandbox);
  const [orphan, blob, document] = (await Promise.all(
    ['orphan', 'blob', 'document'].map((text) => put(sandbox, text, Buffer.from(text), 'commit')),
  )) as [Digest, Digest, Digest];
  const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: document, size: 8 };
  const children = [blob, app.layers[0]!.descriptor.digest];
  sandbox.store().metadata.putManifest('team/art', { descriptor, children }, ['1']);
  const usage = await engine.diskUsage();
  const sizeOf = (digest: Digest) => blocksUnder(blobPath(sandbox.root, digest));
  const own = sizeOf(blob) + sizeOf(document);
  const base = app.layers[0]!.descriptor.digest;
  const shared = [blobPath, tocPath].reduce((sum, path) => sum + blocksUnder(path(sandbox.root, base)), 0);
  expect(groupOf(usage, 'registry')).toMatchObject({
    total: 1,
    bytes: own,
    items: [{ name: 'team/art', bytes: own + shared, reclaimableBytes: own }],
  });
  expect(groupOf(usage, 'orphans')).toMatchObject({ total: 1, reclaimableBytes: sizeOf(orphan) });
  expect(usage.bytes).toBe(blocksUnder(sandbox.root));
});

test('finds nothing in a store that is not there', async () => {
  await using sandbox = new EngineSandbox();
  const usage = await sandbox.engine().diskUsage();
  expect(groupOf(usage, 'images')).toMatchObject({ total: 0, bytes: 0, items: [] });
  expect(groupOf(usage, 'orphans')).toMatchObject({ total: 0, bytes: 0 });
});

test('has containers as a row, and holds back what they need of images', async () => {
  await using sandbox = new EngineSandbox();
  const engine = await loaded(sandbox);
  const store = sandbox.store();
  const imageId = app.image.config.descriptor.digest;
  const [live] = ['live', 'over'].map((name) =>
    storeContainer(store, { name, imageId, status: name === 'live' ? 'running' : 'exited' }),
  );
  writeFileSync(join(upperOf(store, live!), 'file'), Buffer.alloc(9000));
  const usage = await engine.diskUsage();
  expect(usage.bytes).toBe(blocksUnder(sandbox.root));
  const [images, containers] = [groupOf(usage, 'images'), groupOf(usage, 'containers')];
  expect(containers).toMatchObject({ total: 2, active: 1 });
  const [over, running] = containers.items.toSorted((a, b) => a.bytes - b.bytes);
  expect(running).toMatchObject({ name: 'live', reclaimableBytes: 0 });
  expect(containers.reclaimableBytes).toBe(over!.bytes);
  const [own, other] = images.items.toSorted((a, b) => a.reclaimableBytes - b.reclaimableBytes);
  expect(own).toMatchObject({ name: 'app:1', reclaimableBytes: 0 });
  expect(images).toMatchObject({ total: 2, active: 1, reclaimableBytes: other!.reclaimableBytes });
});

test('tells what volumes take: those that no container has can be had back', async () => {
  await using sandbox = new EngineSandbox();
  const engine = await loaded(sandbox);
  for (const name of ['free', 'used']) {
    await engine.volumes.create({ name });
    writeFileSync(join((await engine.volumes.inspect(name)).mountpoint, 'data'), Buffer.alloc(9000, 1));
  }
  const [image] = await engine.images();
  const mounts = [{ type: 'volume', name: 'used', target: '/v' }] as const;
  storeContainer(sandbox.store(), { name: 'idle', imageId: image!.id, options: { mounts } });
  const usage = await engine.diskUsage();
  const { total, active, bytes, reclaimableBytes, items } = groupOf(usage, 'volumes');
  expect({ total, active, names: items.map(({ name }) => name) }).toEqual({
    ...{ total: 2, active: 1, names: ['free', 'used'] },
  });
  expect(reclaimableBytes).toBe(blocksUnder(join(sandbox.root, 'volumes/free')));
  expect(bytes).toBeGreaterThan(2 * 9000);
  expect(usage.bytes).toBe(blocksUnder(sandbox.root));
});
