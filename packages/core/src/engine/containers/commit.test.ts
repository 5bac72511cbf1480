import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tryFileLock } from '../../content/file-lock.ts';
import type { Digest } from '../../digest.ts';
import type { VerbOptions } from '../../events.ts';
import { writeDockerArchive } from '../../image/docker-archive-writer.ts';
import { LayerPassPool } from '../../layer/pass-pool.ts';
import { parseReference } from '../../reference.ts';
import { mountRootfs } from '../../rootfs/overlay.ts';
import { Snapshots } from '../../rootfs/snapshots/snapshots.ts';
import type { ContainerStatus } from '../../runtime/container-state.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { readTar } from '../../tar/reader.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { makeImageFixture, storeOf } from '../../testing/image-fixtures.ts';
import { storeContainer, upperOf } from '../../testing/stored-container.ts';
import type { Engine } from '../engine.ts';
import { layerTar } from '../layers/layer-entries.ts';
import type { Store } from '../store/store.ts';
import { type CommitDeps, type CommitRequest, commit } from './commit.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { unpackLayers } from './life/mount-layers.ts';
import { resumeAbandoned } from './life/pauser.ts';
import { currentRecord } from './life/settle.ts';

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
let deps: CommitDeps;
/** What was asked of the runtime. */
let asked: string[];

beforeEach(async () => {
  sandbox = new EngineSandbox();
  [engine, store, asked] = [sandbox.engine(), sandbox.store(), []];
  const note = (what: string) => async (id: string) => void asked.push(`${what} ${id.slice(0, 12)}`);
  const halting = { canPause: true, pause: note('pause'), resume: note('resume') };
  const runtime = { ...halting, state: async () => ({ status: 'running' }) } as unknown as Runtime;
  const snapshots = new Snapshots(store.root);
  deps = { store, snapshots, passes: () => pool, now: () => NOW, runtime: () => runtime };
  const fixture = makeImageFixture({
    names: ['base:1'],
    layers: [{ 'etc/conf': 'old', 'bin/sh': 'shell' }],
    config: { Env: ['A=1'], Cmd: ['sh'] },
  });
  await engine.load({ from: writeDockerArchive([fixture.image], await storeOf([fixture])) });
  base = fixture.image.config.descriptor.digest;
});

afterEach(() => sandbox[Symbol.asyncDispose]());

function commitOf(request: Partial<CommitRequest> = {}, options: VerbOptions = {}) {
  return commit(deps, { container: 'c1', ...request }, options);
}

/** A container of the image; one that runs is this very process. */
function start(options: { config?: Record<string, unknown>; status?: ContainerStatus } = {}): void {
  const record = storeContainer(store, { name: 'c1', id: ID, imageId: base, config: CONFIG, ...options });
  upper = upperOf(store, record);
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
  start({ status: 'running' });
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
    layer: expect.stringContaining('sha256:'),
  });
  expect(below).toMatchObject({ id: base, tags: ['base:1'] });
  expect(asked).toEqual(['pause fbaec8d9b204', 'resume fbaec8d9b204']);
  expect((await engine.check()).faults).toEqual([]);
});

test('gives the same image for the same files at the same time', async () => {
  start();
  write('file');
  const [one, other] = [await commitOf(), await commitOf({ ref: parseReference('x:1') })];
  expect(other).toEqual(one);
  expect((await engine.inspect(one.id)).RepoTags).toEqual(['x:1']);
});

test('adds no layer when nothing changed, and leaves nothing of it in the store', async () => {
  start();
  const before = sandbox.contents().length;
  const { id } = await commitOf();
  const made = await engine.inspect(id);
  expect(made.RootFS).toEqual((await engine.inspect(base)).RootFS);
  const [step] = await engine.history(id);
  expect(step).toMatchObject({ id, createdBy: 'touch /test', size: 0 });
  expect(step).not.toHaveProperty('layer');
  expect(sandbox.contents()).toHaveLength(before + 2);
  expect((await engine.check()).faults).toEqual([]);
});

test('takes what the runtime made to mount on for no change', async () => {
  start();
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
  start({ status: 'running' });
  await commitOf({ pause: false });
  expect(asked).toEqual([]);
});

test('says that the container goes on where nothing can be paused', async () => {
  start({ status: 'running' });
  const runtime = deps.runtime();
  deps = { ...deps, runtime: () => ({ ...runtime, canPause: false }) };
  const warnings: unknown[] = [];
  await commitOf({}, { onProgress: (event) => event.kind === 'warning' && warnings.push(event.message) });
  expect(warnings).toEqual(['container fbaec8d9b204 goes on meanwhile: to pause it needs control groups']);
  expect(asked).toEqual([]);
});

test('moves a name from another image', async () => {
  start();
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
  start({ status: 'running' });
  write('file');
  const before = sandbox.contents();
  await expect(commitOf(request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  expect([sandbox.contents(), asked]).toEqual([before, []]);
});

test('keeps the command where changes leave no program, as Docker does', async () => {
  start();
  const { id } = await commitOf({ changes: ['ENTRYPOINT []'] });
  expect((await engine.inspect(id)).Config).toMatchObject({ Cmd: CONFIG.Cmd, Entrypoint: null });
});

test('refuses what is no container, and a container whose image was removed', async () => {
  await expect(commitOf()).rejects.toMatchObject({
    code: 'CONTAINER_UNKNOWN',
    message: 'No such container: c1',
  });
  start();
  await engine.remove({ image: base, force: true });
  await expect(commitOf()).rejects.toMatchObject({
    code: 'IMAGE_UNKNOWN',
    message: `No such image: ${base}`,
  });
});

test.each([
  { name: 'is paused by somebody else', status: 'paused' as const },
  { name: 'has ended', status: 'exited' as const },
])('leaves a container alone that $name', async ({ status }) => {
  start({ status });
  await commitOf();
  expect(asked).toEqual([]);
});

test('leaves nothing, and lets the container go on, when it is cancelled', async () => {
  start({ status: 'running' });
  write('file');
  const before = sandbox.contents();
  const stop = new AbortController();
  const runtime = deps.runtime();
  const pause = async (id: string) => runtime.pause(id).then(() => stop.abort());
  deps = { ...deps, runtime: () => ({ ...runtime, pause }) };
  await expect(commitOf({}, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(sandbox.contents()).toEqual(before);
  expect(asked).toEqual(['pause fbaec8d9b204', 'resume fbaec8d9b204']);
});

test('lets a container go on that a killed commit left halted', async () => {
  start({ status: 'running' });
  const runtime = deps.runtime();
  deps = { ...deps, runtime: () => ({ ...runtime, state: async () => ({ status: 'paused' }) }) };
  await commitOf();
  expect(asked).toEqual(['resume fbaec8d9b204']);
});

describe('a container that a killed commit left halted', () => {
  const pauser = () => join(store.root, 'containers/locks', `${ID}.pauser`);
  const look = () => resumeAbandoned(deps, currentRecord(deps, requireContainer(store.metadata, 'c1')));
  beforeEach(() => {
    const runtime = deps.runtime();
    deps = { ...deps, runtime: () => ({ ...runtime, state: async () => ({ status: 'paused' }) }) };
    mkdirSync(dirname(pauser()), { recursive: true });
  });

  test('goes on when somebody looks at it', async () => {
    start({ status: 'running' });
    writeFileSync(pauser(), '');
    await look();
    expect([asked, existsSync(pauser())]).toEqual([['resume fbaec8d9b204'], false]);
    await look();
    expect(asked).toHaveLength(1);
  });

  test('stays so while the commit lives, and when a user paused it', async () => {
    start({ status: 'running' });
    const lock = tryFileLock(pauser());
    await look();
    lock?.release();
    expect([asked, existsSync(pauser())]).toEqual([[], true]);
    store.metadata.deleteContainer(ID);
    start({ status: 'paused' });
    await look();
    expect([asked, existsSync(pauser())]).toEqual([[], false]);
  });

  test('is looked at again when it could not go on', async () => {
    start({ status: 'running' });
    writeFileSync(pauser(), '');
    const runtime = deps.runtime();
    const resume = () => Promise.reject(new Error('no freezer'));
    const refusing = { ...deps, runtime: () => ({ ...runtime, resume }) };
    const record = currentRecord(deps, requireContainer(store.metadata, 'c1'));
    await expect(resumeAbandoned(refusing, record)).rejects.toThrow('no freezer');
    expect(existsSync(pauser())).toBe(true);
    await look();
    expect([asked, existsSync(pauser())]).toEqual([['resume fbaec8d9b204'], false]);
  });
});

test.skipIf(process.platform !== 'linux')('takes what changed from a copy of the image’s files', async () => {
  start();
  const { rootfs, paths } = containerPlaces(store.root, ID);
  await using lease = await unpackLayers(deps, requireContainer(store.metadata, 'c1'), {});
  await mountRootfs({ layers: lease.snapshots, target: rootfs }, { ownership: 'user' });
  writeFileSync(join(paths.directory, 'copied'), '');
  await commitOf({ ref: parseReference('same:1') });
  expect(store.metadata.findImage((await engine.inspect('same:1')).Id as Digest)?.layers).toHaveLength(1);
  for (const name of ['dev', 'proc', 'sys']) mkdirSync(join(rootfs, name));
  for (const name of ['hosts', 'hostname']) writeFileSync(join(rootfs, 'etc', name), '');
  await commitOf({ ref: parseReference('bare:1') });
  expect(store.metadata.findImage((await engine.inspect('bare:1')).Id as Digest)?.layers).toHaveLength(1);
  mkdirSync(join(rootfs, 'made/deep'), { recursive: true });
  writeFileSync(join(rootfs, 'made/deep/file'), 'x');
  rmSync(join(rootfs, 'bin/sh'));
  await commitOf({ ref: parseReference('new:1') });
  expect(await topLayer('new:1')).toEqual([
    ...['bin/', 'bin/.wh.sh', 'made/', 'made/deep/', 'made/deep/file'],
  ]);
});

test('refuses one that cannot be paused', async () => {
  start({ status: 'running' });
  const { runtime } = deps;
  const refuse = () => Promise.reject(new Error('no freezer'));
  deps = { ...deps, runtime: () => ({ ...runtime(), pause: refuse }) };
  await expect(commitOf()).rejects.toThrow('no freezer');
  expect(readdirSync(join(store.root, 'containers/locks'))).toEqual([]);
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
    start({ config: ContainerConfig as Record<string, unknown> });
    write('test');
    const request = {
      author: option('-a')[0] ?? '',
      message: option('-m')[0] ?? '',
      changes: option('-c', '--change'),
    };
    const { id } = await commitOf(request);
    expect(await engine.inspect(id)).toMatchObject({ Config, ContainerConfig, Author, Comment });
  });
});
