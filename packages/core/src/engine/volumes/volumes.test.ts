import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerMount, ContainerOptions } from '../../runtime/container-options.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { storeImage } from '../../testing/stored-image.ts';
import type { Engine } from '../engine.ts';
import type { Store } from '../store/store.ts';
import { volumeMounts } from './volume-users.ts';

const ANONYMOUS = /^[0-9a-f]{64}$/;

let sandbox: EngineSandbox;
let engine: Engine;
let store: Store;
beforeEach(() => {
  sandbox = new EngineSandbox();
  engine = sandbox.engine();
  store = sandbox.store();
});
afterEach(() => sandbox[Symbol.asyncDispose]());

const names = async (...filters: string[]) =>
  (await engine.volumes.list({ filters })).map(({ name }) => name);
const dataOf = (name: string) => join(sandbox.root, 'volumes', name, '_data');

describe('volumes', () => {
  test('are directories of the store, known by their records', async () => {
    expect(await names()).toEqual([]);
    expect(existsSync(join(sandbox.root, 'volumes'))).toBe(false);
    expect(await engine.volumes.create({ name: 'web.data', labels: { k: 'v' } })).toBe('web.data');
    expect(await engine.volumes.create()).toMatch(ANONYMOUS);
    const info = await engine.volumes.inspect('web.data');
    expect(info).toMatchObject({ name: 'web.data', labels: { k: 'v' }, mountpoint: dataOf('web.data') });
    expect(info.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(statSync(info.mountpoint).mode & 0o7777).toBe(0o755);
    expect(readdirSync(join(sandbox.root, 'volumes', '.locks'))).toEqual([]);
  });

  test('stay as they are when they are made once more, also by many at once', async () => {
    const engines = Array.from({ length: 4 }, () => sandbox.engine());
    const made = await Promise.all(
      engines.map((each, i) => each.volumes.create({ name: 'one', labels: { n: `${i}` } })),
    );
    expect(made).toEqual(['one', 'one', 'one', 'one']);
    const { labels } = await engine.volumes.inspect('one');
    writeFileSync(join(dataOf('one'), 'mine'), 'x');
    await engine.volumes.create({ name: 'one', labels: { n: 'again' } });
    expect((await engine.volumes.inspect('one')).labels).toEqual(labels);
    expect(readdirSync(dataOf('one'))).toEqual(['mine']);
    expect(readdirSync(join(sandbox.root, 'volumes')).sort()).toEqual(['.locks', 'one']);
  });

  test.each([
    {
      name: 'a',
      text: 'create a: volume name is too short, names should be at least two alphanumeric characters',
    },
    { name: 'a/b', text: 'create a/b: "a/b" includes invalid characters for a local volume name' },
    { name: '../../etc', text: 'includes invalid characters' },
    { name: '.new-x', text: 'includes invalid characters' },
    { name: 'x'.repeat(251), text: 'volume name is too long: 251 characters, want 250 at most' },
  ])('are not called $name', async ({ name, text }) => {
    await expect(engine.volumes.create({ name })).rejects.toThrow(text);
    await expect(engine.volumes.inspect(name)).rejects.toMatchObject({ code: 'VOLUME_UNKNOWN' });
    await expect(engine.volumes.remove({ volume: name })).rejects.toThrow(`get ${name}: no such volume`);
    expect(existsSync(join(sandbox.root, 'volumes'))).toBe(false);
  });

  test('have one driver', async () => {
    await expect(engine.volumes.create({ name: 'nn', driver: 'nfs' })).rejects.toThrow(
      'create nn: error looking up volume plugin nfs: plugin "nfs" not found',
    );
  });

  test('are found by Docker’s filters', async () => {
    for (const [name, labels] of Object.entries({ aa: { k: 'v' }, ab: { k: 'w', z: '' }, bc: {} }))
      await engine.volumes.create({ name, labels });
    expect(await names('label=k')).toEqual(['aa', 'ab']);
    expect(await names('label=k', 'label=z')).toEqual(['ab']);
    expect(await names('label=k=v')).toEqual(['aa']);
    expect(await names('name=^a', 'name=c')).toEqual(['aa', 'ab', 'bc']);
    expect(await names('name=[')).toEqual([]);
    expect(await names('driver=local', 'driver=x', 'dangling=true', 'dangling=false')).toHaveLength(3);
    expect(await names('driver=x')).toEqual([]);
    expect(await names('dangling=0')).toEqual([]);
    await expect(names('foo=1')).rejects.toThrow("Invalid filter 'foo'");
    await expect(names('dangling=x')).rejects.toThrow("Invalid filter 'dangling=[x]'");
  });

  test('are still there when their record is lost', async () => {
    await engine.volumes.create({ name: 'lost' });
    for (const text of ['', '{}', '[]', 'null', '{"createdAt":1,"labels":{}}']) {
      writeFileSync(join(sandbox.root, 'volumes/lost/volume.json'), text);
      expect(await engine.volumes.inspect('lost')).toMatchObject({ name: 'lost', labels: {} });
    }
    rmSync(join(sandbox.root, 'volumes/lost/volume.json'));
    expect(await names()).toEqual(['lost']);
  });

  test('are pruned: those without names, or all of them, by their labels', async () => {
    await engine.volumes.create({ name: 'kept', labels: { keep: '' } });
    await engine.volumes.create({ name: 'named' });
    const anonymous = await engine.volumes.create();
    writeFileSync(join(dataOf(anonymous), 'x'), 'four');
    const gone = { deleted: [anonymous], reclaimedBytes: 4 };
    expect(await engine.volumes.prune({ dryRun: true })).toEqual(gone);
    expect(await engine.volumes.prune()).toEqual(gone);
    expect(await engine.volumes.prune()).toEqual({ deleted: [], reclaimedBytes: 0 });
    expect((await engine.volumes.prune({ filters: ['all=1', 'label!=keep'] })).deleted).toEqual(['named']);
    expect((await engine.volumes.prune({ all: true })).deleted).toEqual(['kept']);
    for (const bad of ['until=1h', 'all=x'])
      await expect(engine.volumes.prune({ filters: [bad] })).rejects.toThrow('Invalid filter');
  });
});

describe.skipIf(process.platform !== 'linux')('the volumes of containers', () => {
  beforeEach(() => {
    storeImage(store, 'app', { names: ['app:1'], volumes: ['/data', '/cache/'] });
  });

  const create = (name: string, options: ContainerOptions = {}) =>
    engine.containers.create({ image: 'app:1', name, options: { command: ['true'], ...options } });
  const mountsOf = async (name: string) => (await engine.containers.inspect(name)).options.mounts ?? [];
  const at = (mounts: readonly ContainerMount[], target: string) =>
    mounts.find((each) => each.target === target);

  test('are those that the image asks for, unless something else is mounted there', async () => {
    const { config } = await create('web', {
      volumes: ['/own', '/data'],
      mounts: [
        { type: 'tmpfs', target: '/cache' },
        { type: 'volume', name: 'db', target: '/db/', readOnly: true },
      ],
    });
    const mounts = await mountsOf('web');
    expect(mounts).toHaveLength(4);
    expect(at(mounts, '/data')).toMatchObject({ name: expect.stringMatching(ANONYMOUS), isAnonymous: true });
    expect(at(mounts, '/db')).toEqual({ type: 'volume', name: 'db', target: '/db', readOnly: true });
    expect(config.Volumes).toEqual({ '/cache/': {}, '/data': {}, '/own': {} });
    expect(await names('dangling=false')).toHaveLength(3);
    expect(await names('dangling=true')).toEqual([]);
  });

  test('lie below the root where the image’s path is not absolute, as the classic builder may write it', async () => {
    storeImage(store, 'odd', { names: ['odd:1'], volumes: ['[/x]', 'rel/../y'] });
    await engine.containers.create({ image: 'odd:1', name: 'odd', options: { command: ['true'] } });
    expect((await mountsOf('odd')).map(({ target }) => target)).toEqual(['/[/x]', '/y']);
  });

  test('are shared, and outlive containers unless they have no names', async () => {
    await create('web', {
      mounts: [
        { type: 'volume', name: 'db', target: '/db' },
        { type: 'bind', source: '/etc', target: '/e' },
      ],
    });
    await create('copy', {
      volumesFrom: [{ container: 'web', readOnly: true }],
      mounts: [{ type: 'volume', name: 'mine', target: '/data' }],
    });
    const [ofWeb, ofCopy] = [await mountsOf('web'), await mountsOf('copy')];
    expect(at(ofCopy, '/db')).toMatchObject({ name: 'db', readOnly: true, noCopy: true });
    expect(at(ofCopy, '/e')).toMatchObject({ type: 'bind', source: '/etc', readOnly: true });
    expect(at(ofCopy, '/data')).toMatchObject({ name: 'mine' });
    const { id } = await engine.containers.inspect('web');
    const other = (await engine.containers.inspect('copy')).id;
    await expect(engine.volumes.remove({ volume: 'db', force: true })).rejects.toThrow(
      new RegExp(`^remove db: volume is in use - \\[(${id}, ${other}|${other}, ${id})\\]$`),
    );
    await engine.containers.remove({ container: 'web', volumes: true });
    const left = [...volumeMounts(ofCopy)].map(({ name }) => name).sort();
    expect(await names()).toEqual(left);
    expect(await names()).not.toContain(volumeMounts(ofWeb).find(({ target }) => target === '/data')?.name);
    await engine.containers.remove({ container: 'copy' });
    expect(await names('dangling=true')).toEqual(left);
    expect((await engine.volumes.prune()).deleted).toHaveLength(1);
    expect(await names()).toEqual(['db', 'mine']);
  });

  test('are found by name and by place', async () => {
    await create('web', { mounts: [{ type: 'volume', name: 'db', target: '/db' }] });
    await create('other');
    const found = async (value: string) =>
      (await engine.containers.list({ all: true, filters: [`volume=${value}`] })).map(
        (each) => each.container.name,
      );
    expect(await found('db')).toEqual(['web']);
    expect(await found('/db')).toEqual(['web']);
    expect((await found('/data')).sort()).toEqual(['other', 'web']);
    expect(await found('d')).toEqual([]);
  });

  test.each<{ name: string; options: ContainerOptions; text: string }>([
    {
      name: 'a target twice',
      options: {
        mounts: [
          { type: 'tmpfs', target: '/a/' },
          { type: 'volume', name: 'vv', target: '/a' },
        ],
      },
      text: 'Duplicate mount point: /a',
    },
    {
      name: 'the root',
      options: { mounts: [{ type: 'volume', name: 'vv', target: '/' }] },
      text: `invalid mount config for type "volume": invalid specification: destination can't be '/'`,
    },
    {
      name: 'a bad name',
      options: { mounts: [{ type: 'volume', name: '/x', target: '/a' }] },
      text: 'create /x: "/x"',
    },
    {
      name: 'no such container',
      options: { volumesFrom: [{ container: 'none' }] },
      text: 'No such container: none',
    },
    {
      name: 'no container',
      options: { volumesFrom: [{ container: '' }] },
      text: 'cannot be an empty string',
    },
  ])('are refused with $name, and nothing is made', async ({ options, text }) => {
    await expect(create('web', options)).rejects.toThrow(text);
    expect(await names()).toEqual([]);
    expect(sandbox.files('containers')).toEqual([]);
  });

  test('are taken back when the container cannot be made, but for those with names', async () => {
    await create('web');
    const before = await names();
    const mounts = [{ type: 'volume', name: 'db', target: '/db' }] as const;
    await expect(create('web', { mounts })).rejects.toThrow('is already in use');
    expect(await names()).toEqual([...before, 'db'].sort());
  });

  test('are not removed under a container that is being made', async () => {
    const mounts = [{ type: 'volume', name: 'db', target: '/db' }] as const;
    await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        await create(`web${i}`, { mounts });
        await engine.volumes.prune({ all: true });
      }),
    );
    expect(await names('name=^db$')).toEqual(['db']);
    expect(await names('dangling=true')).toEqual([]);
  });

  test('a directory that somebody put there is one too', async () => {
    mkdirSync(dataOf('free'), { recursive: true });
    expect(await names('dangling=true')).toEqual(['free']);
  });
});
