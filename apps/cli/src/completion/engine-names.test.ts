import { type Engine, type EngineOptions, parseReference, WherryError } from '@wherry/core';
import { expect, test } from 'vitest';
import { engineNames } from './engine-names.ts';

const NAMES = ['ubuntu:24.04', 'ubuntu:22.04', `r.io:5000/app@sha256:${'a'.repeat(64)}`, 'r.io:5000/app:1'];
const names = async () => NAMES.map((name) => parseReference(name));

function sourcesOf(verbs: Partial<Engine>, globals: Record<string, string> = {}) {
  const opened: EngineOptions[] = [];
  let closed = 0;
  const sources = engineNames({
    env: {},
    globals: new Map(Object.entries(globals)),
    registryTimeoutMs: 20,
    openEngine: (options) => {
      opened.push(options);
      return { close: async () => void closed++, ...verbs } as Engine;
    },
  });
  return { opened, sources, closed: () => closed };
}

test('images are named by their tags, repositories and registries once', async () => {
  const { sources, closed } = sourcesOf({ names });
  expect(await sources.images()).toEqual(['ubuntu:24.04', 'ubuntu:22.04', 'r.io:5000/app:1']);
  expect(await sources.repositories()).toEqual(['ubuntu', 'r.io:5000/app']);
  expect(await sources.registries()).toEqual(['r.io:5000']);
  expect(closed()).toBe(3);
});

test('containers are asked for by what they do', async () => {
  const verbs = { names: async (activity?: string) => [{ id: 'a1', name: `${activity}` }] };
  const { sources } = sourcesOf({ containers: verbs as unknown as Engine['containers'] });
  expect(await sources.containers('running')).toEqual([{ id: 'a1', name: 'running' }]);
  expect(await sourcesOf({}).sources.containers()).toEqual([]);
});

test('the store is the one of the command line, and no helper is asked', async () => {
  const plain = sourcesOf({ names }, { root: '/r', config: '/c' });
  await plain.sources.images();
  expect(plain.opened).toEqual([{ env: {}, credentialHelpers: false, root: '/r', dockerConfigDir: '/c' }]);
  const own = sourcesOf({ names }, { config: 'c.toml' });
  await own.sources.images();
  expect(own.opened).toEqual([{ env: {}, credentialHelpers: false, configFile: 'c.toml' }]);
});

test('a registry is asked for the newest tags', async () => {
  const asked: unknown[] = [];
  const { sources } = sourcesOf({
    tags: async (request) => {
      asked.push(request);
      return [{ tag: '2' }, { tag: '1' }];
    },
  });
  expect(await sources.tags('team/app')).toEqual(['2', '1']);
  expect(asked).toEqual([{ repository: parseReference('team/app'), limit: 1000 }]);
});

test.each([
  {
    name: 'a registry that fails',
    tags: async () => {
      throw new WherryError('UNREACHABLE', 'no route');
    },
  },
  { name: 'a registry that never answers', tags: () => new Promise<never>(() => undefined) },
])('$name has no tags', async ({ tags }) => {
  // The timer of the limit holds no process.
  const alive = setInterval(() => undefined, 5);
  try {
    expect(await sourcesOf({ tags }).sources.tags('app')).toEqual([]);
  } finally {
    clearInterval(alive);
  }
});

test('what is no name has no tags, and a store that cannot be read no names', async () => {
  expect(await sourcesOf({}).sources.tags('NO NAME')).toEqual([]);
  const broken = async () => {
    throw new WherryError('CORRUPT', 'bad');
  };
  expect(await sourcesOf({ names: broken }).sources.images()).toEqual([]);
});
