import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../digest.ts';
import { writeDockerArchive } from '../../image/docker-archive-writer.ts';
import { LayerPassPool } from '../../layer/pass-pool.ts';
import { parseReference } from '../../reference.ts';
import { CREATED_STATE } from '../../runtime/container-state.ts';
import { readTar } from '../../tar/reader.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { makeImageFixture, storeOf } from '../../testing/image-fixtures.ts';
import type { Engine } from '../engine.ts';
import { layerTar } from '../layers/layer-entries.ts';
import type { Store } from '../store/store.ts';
import { type CommitRequest, type CommittableContainer, commit } from './commit.ts';

// Recordings of a real Docker, from a directory beside the checkout.
const GOLDEN = new URL('../../../../../../shared/golden/commit.json', import.meta.url);
const NOW = new Date('2026-01-02T03:04:05.600Z');
const ID = 'fbaec8d9b204'.padEnd(64, '0');
const CONFIG = {
  Hostname: 'fbaec8d9b204',
  Cmd: ['touch', '/test'],
  Env: ['A=1'],
  Image: 'base:1',
  Labels: {},
};

// One for all: starting its threads takes longer than a commit.
const pool = new LayerPassPool();
afterAll(() => pool.close());

let sandbox: EngineSandbox;
let engine: Engine;
let store: Store;
let upper: string;
let base: Digest;
/** What was asked of the container's processes. */
let frozen: string[];

beforeEach(async () => {
  sandbox = new EngineSandbox();
  [engine, store, frozen] = [sandbox.engine(), sandbox.store(), []];
  upper = sandbox.path('upper');
  mkdirSync(upper, { recursive: true });
  const fixture = makeImageFixture({
    names: ['base:1'],
    layers: [{ 'etc/conf': 'old', 'bin/sh': 'shell' }],
    config: { Env: ['A=1'], Cmd: ['sh'] },
  });
  await engine.load({ from: writeDockerArchive([fixture.image], await storeOf([fixture])) });
  base = fixture.image.config.descriptor.digest;
});
afterEach(() => sandbox[Symbol.asyncDispose]());

function container(config: Record<string, unknown> = CONFIG): CommittableContainer {
  return {
    record: {
      ...{ id: ID, name: 'c1', createdAt: NOW.toISOString(), imageId: base, imageName: 'base:1' },
      ...{ argv: ['touch', '/test'], labels: {}, config, options: {}, openStdin: false, stdinOnce: false },
      ...{ autoRemove: false, restartCount: 0, state: CREATED_STATE },
    },
    upper,
    freeze: async () => {
      frozen.push('freeze');
      return { [Symbol.asyncDispose]: async () => void frozen.push('thaw') };
    },
  };
}

function commitOf(request: Partial<CommitRequest> = {}, of = container()) {
  const deps = { store, passes: () => pool, now: () => NOW, openContainer: async () => of };
  return commit(deps, { container: 'c1', ...request });
}

function write(name: string, content = name): void {
  mkdirSync(dirname(join(upper, name)), { recursive: true });
  writeFileSync(join(upper, name), content);
}

async function topLayer(image: string): Promise<string[]> {
  const facts = store.metadata.findImage((await engine.inspect(image)).Id as Digest)!;
  const names: string[] = [];
  for await (const { entry } of readTar(layerTar(store, facts.layers.at(-1)!.digest)))
    names.push(Buffer.from(entry.name).toString());
  return names;
}

test('makes an image of what changed, and of how the container was started', async () => {
  write('etc/conf', 'new');
  const request = { ref: parseReference('new'), author: 'me', message: 'why', changes: ['ENV B=2'] };
  const { id } = await commitOf(request);
  const made = await engine.inspect('new:latest');
  expect(made).toMatchObject({
    ...{
      Id: id,
      Parent: base,
      Comment: 'why',
      Author: 'me',
      Container: ID,
      Created: '2026-01-02T03:04:05.6Z',
    },
    Config: { ...CONFIG, Env: ['A=1', 'B=2'] },
    ContainerConfig: CONFIG,
  });
  expect(await topLayer('new')).toEqual(['etc/', 'etc/conf']);
  const [step, below] = await engine.history('new');
  expect(step).toEqual({
    ...{ id, created: NOW, createdBy: 'touch /test', comment: 'why', size: 3, tags: ['new:latest'] },
  });
  expect(below).toMatchObject({ id: base, tags: ['base:1'] });
  expect(frozen).toEqual(['freeze', 'thaw']);
  expect((await engine.check()).faults).toEqual([]);
});

test('gives the same image for the same files at the same time', async () => {
  write('file');
  const [one, other] = [await commitOf(), await commitOf({ ref: parseReference('x:1') })];
  expect(other).toEqual(one);
  expect((await engine.inspect(one.id)).RepoTags).toEqual(['x:1']);
});

test('adds no layer when nothing changed, and leaves nothing of it in the store', async () => {
  const before = sandbox.contents().length;
  const { id } = await commitOf();
  const made = await engine.inspect(id);
  expect(made.RootFS).toEqual((await engine.inspect(base)).RootFS);
  expect((await engine.history(id))[0]).toMatchObject({ id, createdBy: 'touch /test', size: 0 });
  expect(sandbox.contents()).toHaveLength(before + 2);
  expect((await engine.check()).faults).toEqual([]);
});

test('takes what the runtime made to mount on for no change', async () => {
  for (const name of ['etc/hosts', 'etc/hostname', 'etc/resolv.conf']) write(name, '');
  for (const name of ['dev', 'proc', 'sys']) mkdirSync(join(upper, name));
  const { RootFS } = await engine.inspect((await commitOf()).id);
  expect(RootFS).toEqual((await engine.inspect(base)).RootFS);
  write('etc/hosts', 'of its own');
  write('sys/x');
  await commitOf({ ref: parseReference('x') });
  expect(await topLayer('x')).toEqual(['etc/', 'etc/hosts', 'sys/', 'sys/x']);
});

test('does not pause where that is not wanted', async () => {
  await commitOf({ pause: false });
  expect(frozen).toEqual([]);
});

test('moves a name from another image', async () => {
  await commitOf({ ref: parseReference('base:1') });
  expect((await engine.inspect(base)).RepoTags).toEqual([]);
});

test.each([
  { name: 'a bad change', request: { changes: ['RUN true'] }, message: 'run is not a valid change command' },
  { name: 'an empty change', request: { changes: [''] }, message: 'file with no instructions' },
  {
    name: 'a digest for a name',
    request: { ref: parseReference(`x@sha256:${'a'.repeat(64)}`) },
    message: 'refusing to create a tag with a digest reference',
  },
])('refuses $name before anything is paused', async ({ request, message }) => {
  write('file');
  const before = sandbox.contents();
  await expect(commitOf(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  expect([sandbox.contents(), frozen]).toEqual([before, []]);
});

test('keeps the command where changes leave no program, as Docker does', async () => {
  const { id } = await commitOf({ changes: ['ENTRYPOINT []'] });
  expect((await engine.inspect(id)).Config).toMatchObject({ Cmd: CONFIG.Cmd, Entrypoint: null });
});

test('refuses a container whose image was removed', async () => {
  await engine.remove({ image: base, force: true });
  await expect(commitOf()).rejects.toMatchObject({
    code: 'IMAGE_UNKNOWN',
    message: `No such image: ${base}`,
  });
});

test('leaves nothing, and lets the container go on, when it is cancelled', async () => {
  write('file');
  const before = sandbox.contents();
  const stop = new AbortController();
  const of = container();
  const freeze = async () => {
    const halted = await of.freeze();
    stop.abort();
    return halted;
  };
  const deps = { store, passes: () => pool, now: () => NOW, openContainer: async () => ({ ...of, freeze }) };
  const committing = commit(deps, { container: 'c1' }, { signal: stop.signal });
  await expect(committing).rejects.toMatchObject({ code: 'CANCELLED' });
  expect([sandbox.contents(), frozen]).toEqual([before, ['freeze', 'thaw']]);
});

interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly effects?: { readonly inspect?: Record<string, unknown> };
}

describe.skipIf(!existsSync(GOLDEN))('the recordings of docker', () => {
  const recordings = existsSync(GOLDEN)
    ? (JSON.parse(readFileSync(GOLDEN, 'utf8')).cases as Recording[]).filter(
        ({ effects }) => effects?.inspect,
      )
    : [];

  test.each(recordings)('$name: inspect tells the same', async ({ argv, effects }) => {
    const { Config, ContainerConfig, Author, Comment } = effects!.inspect!;
    const option = (...names: string[]) =>
      argv.flatMap((word, at) => (names.includes(argv[at - 1] ?? '') ? [word] : []));
    write('test');
    const request = {
      author: option('-a')[0] ?? '',
      message: option('-m')[0] ?? '',
      changes: option('-c', '--change'),
    };
    const { id } = await commitOf(request, container(ContainerConfig as Record<string, unknown>));
    expect(await engine.inspect(id)).toMatchObject({ Config, ContainerConfig, Author, Comment });
  });
});
