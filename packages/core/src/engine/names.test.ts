import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { hostPlatform } from '../platform.ts';
import { familiarName, parseReference, withDigest } from '../reference.ts';
import { EngineSandbox, nameAt, serveDocument, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';

const HOST = hostPlatform(process.platform, process.arch);
const app = makeImageFixture({
  platform: HOST,
  layers: [{ base: 'base' }, { app: 'app!' }],
  config: {
    Cmd: ['/app'],
    Labels: { b: '2', a: '1' },
    ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
    Volumes: { '/b': {}, '/a': {} },
    Healthcheck: { Retries: 2, StartPeriod: 0, Timeout: 3, Interval: 30, Test: ['CMD', 'x'] },
  },
});
const index = makeIndexFixture([{ fixture: app, platform: HOST }]);
const ID = app.image.config.descriptor.digest;

/** A store with one image that came in an index. */
async function pulled(sandbox: EngineSandbox) {
  await using registry = await startMemoryRegistry();
  serveImage(registry, 'team/app', '', app);
  serveDocument(registry, 'team/app', '1', index);
  const ref = nameAt(registry, 'team/app:1');
  const engine = sandbox.engine();
  await engine.pull({ ref });
  const name = familiarName(ref);
  const digestName = familiarName(withDigest(ref, index.descriptor.digest));
  return { engine, name, digestName, store: sandbox.store() };
}

describe('names', () => {
  test('are listed, those with digests too', async () => {
    await using sandbox = new EngineSandbox();
    expect(await sandbox.engine().names()).toEqual([]);
    const { engine, name, digestName } = await pulled(sandbox);
    await engine.tag({ source: name, target: parseReference('zoo') });
    expect((await engine.names()).map(familiarName)).toEqual([name, digestName, 'zoo:latest']);
  });
});

describe('tag', () => {
  test.each([
    { name: 'its name', source: ({ name }: { name: string }) => name },
    { name: 'its digest name', source: ({ digestName }: { digestName: string }) => digestName },
    { name: 'its ID', source: () => ID },
    { name: 'the hex of its ID', source: () => ID.slice(7) },
    { name: 'the beginning of its ID', source: () => ID.slice(7, 19) },
    { name: 'the beginning of its ID with the algorithm', source: () => ID.slice(0, 19) },
  ])('keeps the index an image came in when it is named by $name', async ({ source }) => {
    await using sandbox = new EngineSandbox();
    const { engine, store, ...names } = await pulled(sandbox);
    await engine.tag({ source: source(names), target: parseReference('mine') });
    expect(store.metadata.findName(parseReference('mine:latest'))).toMatchObject({
      imageId: ID,
      target: { digest: index.descriptor.digest },
    });
    expect((await engine.check()).faults).toEqual([]);
  });

  test.each([
    { target: `mine@${ID}`, message: 'refusing to create a tag with a digest reference' },
    { target: 'sha256:1', message: 'refusing to create an ambiguous tag using digest algorithm as name' },
  ])('refuses $target', async ({ target, message }) => {
    await using sandbox = new EngineSandbox();
    const { engine, name } = await pulled(sandbox);
    await expect(engine.tag({ source: name, target: parseReference(target) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    });
  });

  test('refuses an image that is not here', async () => {
    await using sandbox = new EngineSandbox();
    await expect(
      sandbox.engine().tag({ source: 'nobody', target: parseReference('mine') }),
    ).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN', message: 'No such image: nobody:latest' });
  });

  test('prefers a name made of hex digits to the ID that begins with them', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, store, name } = await pulled(sandbox);
    const other = `sha256:${'e'.repeat(64)}` as Digest;
    const facts = store.metadata.findImage(ID)!;
    const hex = ID.slice(7, 13);
    store.metadata.putImage(
      { ...facts, id: other },
      [],
      [
        {
          ref: parseReference(`${hex}:latest`),
          target: facts.manifest,
          imageId: other,
          taggedAt: new Date(),
        },
      ],
    );
    await engine.tag({ source: hex, target: parseReference('by-name') });
    expect(store.metadata.findName(parseReference('by-name:latest'))?.imageId).toBe(other);
    await engine.tag({ source: name, target: parseReference(`${hex}:latest`) });
    expect(store.metadata.findName(parseReference(`${hex}:latest`))?.imageId).toBe(ID);
  });
});

describe('images', () => {
  test('tells the names and digests of an image', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, name, digestName } = await pulled(sandbox);
    await engine.tag({ source: name, target: parseReference('zz:1') });
    await engine.tag({ source: name, target: parseReference('aa:1') });
    expect(await engine.images()).toEqual([
      {
        id: ID,
        repoTags: [name, 'aa:1', 'zz:1'],
        repoDigests: [digestName],
        created: new Date('2021-08-31T01:20:48Z'),
        size: 8,
        platform: HOST,
      },
    ]);
    expect((await engine.images({ pattern: 'a?' }))[0]?.repoTags).toEqual(['aa:1']);
    expect(await engine.images({ pattern: 'nothing' })).toEqual([]);
  });

  test('puts the newest first, those of one time by their IDs, those without one last', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, store } = await pulled(sandbox);
    const facts = store.metadata.findImage(ID)!;
    store.metadata.deleteImage(ID);
    const rows = ['d 2022', 'a 2021', 'c 2021', 'b 2021', 'e -'].map((row) => row.split(' '));
    for (const [digit, year] of rows) {
      const { created: _, ...rest } = facts;
      const created = year === '-' ? {} : { created: `${year}-01-01T00:00:00Z` };
      store.metadata.putImage({ ...rest, ...created, id: `sha256:${digit!.repeat(64)}` as Digest }, [], []);
    }
    const order = (await engine.images()).map(({ id }) => id.slice(7, 8)).join('');
    expect(order).toBe('dabce');
  });
});

describe('inspect', () => {
  test('tells names, digests, layers and sorted maps', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, name, digestName } = await pulled(sandbox);
    const found = await engine.inspect(name);
    expect(found).toMatchObject({
      Id: ID,
      RepoTags: [name],
      RepoDigests: [digestName],
      Parent: '',
      Created: '2021-08-31T01:20:48Z',
      Size: 8,
      RootFS: { Type: 'layers', Layers: app.layers.map(({ diffID }) => diffID) },
      Config: { Cmd: ['/app'], Entrypoint: null },
    });
    const config = JSON.stringify(found.Config);
    expect(config).toContain('"Labels":{"a":"1","b":"2"}');
    expect(config).toContain('"ExposedPorts":{"443/tcp":{},"80/tcp":{}}');
    expect(config).toContain('"Volumes":{"/a":{},"/b":{}}');
    expect(config).toContain('"Healthcheck":{"Test":["CMD","x"],"Interval":30,"Timeout":3,"Retries":2}');
    expect(await engine.inspect(ID.slice(7, 15))).toEqual(found);
  });

  test('tells when an image was last tagged, which no pull does', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, name } = await pulled(sandbox);
    expect((await engine.inspect(name)).Metadata).toEqual({ LastTagTime: '0001-01-01T00:00:00Z' });
    const before = Date.now();
    await engine.tag({ source: name, target: parseReference('mine') });
    const { LastTagTime } = (await engine.inspect(name)).Metadata as { LastTagTime: string };
    expect(Date.parse(LastTagTime)).toBeGreaterThanOrEqual(before);
  });
});

describe('history', () => {
  test('begins with the image itself, its names and the newest layer', async () => {
    await using sandbox = new EngineSandbox();
    const { engine, name } = await pulled(sandbox);
    const created = new Date('2021-08-31T01:20:48Z');
    const [below, top] = app.layers.map(({ diffID }) => diffID);
    expect(await engine.history(name)).toEqual([
      { id: ID, created, createdBy: 'COPY 1', comment: '', size: 4, tags: [name], layer: top },
      { created, createdBy: 'COPY 0', comment: '', size: 4, tags: [], layer: below },
    ]);
  });
});
