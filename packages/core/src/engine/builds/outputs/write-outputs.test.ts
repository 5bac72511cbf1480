import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { detectCompression } from '../../../compression/detect.ts';
import type { Digest } from '../../../digest.ts';
import { UNSEALED_ANNOTATION } from '../../../image/build-image.ts';
import { parseIndex } from '../../../oci/index-document.ts';
import { type Manifest, parseManifest } from '../../../oci/manifest.ts';
import { parseReference } from '../../../reference.ts';
import { readTar } from '../../../tar/reader.ts';
import { buildDirectory, loadBase, stepFates, writeContext } from '../../../testing/build-context.ts';
import { EngineSandbox, nameAt } from '../../../testing/engine-sandbox.ts';
import { sourceOf } from '../../../testing/layer-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../testing/memory-registry.ts';
import { HOST, OTHER, pulledForAll } from '../../../testing/multi-platform.ts';
import { tarOf } from '../../../testing/tar-fixtures.ts';
import type { BuildRequest } from '../../build-request.ts';
import type { Engine } from '../../engine.ts';

const FILES = {
  Dockerfile: 'FROM base:1\nCOPY a.txt /app/\nCOPY b.txt /app/\nCOPY b.txt /etc/base\n',
  'a.txt': 'a',
  'b.txt': 'b',
};
const EPOCH = 1_600_000_000;

let sandbox: EngineSandbox;
let engine: Engine;
let registry: MemoryRegistry;
beforeEach(async () => {
  sandbox = new EngineSandbox();
  engine = sandbox.engine();
  registry = await startMemoryRegistry();
  await loadBase(engine, { names: ['base:1'], layers: [{ 'etc/base': 'base' }, { 'etc/other': 'other' }] });
});
afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

function build(request: Partial<BuildRequest> = {}, files: Readonly<Record<string, string>> = FILES) {
  return buildDirectory(engine, writeContext(sandbox.path('context'), files), { epoch: EPOCH, ...request });
}

async function entriesOf(tar: Uint8Array): Promise<string[]> {
  const names: string[] = [];
  for await (const { entry, body } of readTar(sourceOf([tar]))) {
    const name = Buffer.from(entry.name).toString();
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    names.push(entry.type === 'file' ? `${name}=${Buffer.concat(chunks)}` : name);
  }
  return names;
}

function manifestIn(tag: string): Manifest {
  return parseManifest(registry.manifest('team/app', tag)!);
}

function packings({ layers }: Manifest): string[] {
  return layers.map(({ digest }) => detectCompression(registry.blob(digest)!));
}

describe('files of a build', () => {
  test('are written below a directory, and no image gets a name', async () => {
    const path = sandbox.path('out/here');
    const { id, names, target, said } = await build({
      tags: [parseReference('app:1')],
      outputs: [{ kind: 'local', path }],
    });
    expect({ id, names, target }).toEqual({ id: undefined, names: [], target: undefined });
    expect(readFileSync(`${path}/app/a.txt`, 'utf8') + readFileSync(`${path}/etc/base`, 'utf8')).toBe('ab');
    expect(statSync(`${path}/app/a.txt`).mtimeMs).toBe(EPOCH * 1000);
    expect(statSync(`${path}/app/a.txt`).mode & 0o7777).toBe(0o644);
    expect(said('built')).toEqual([]);
    expect(await engine.names()).toEqual([parseReference('base:1')]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('are without devices and extended attributes, which a warning tells', async () => {
    const xattrs = new Map([['user.a', new Uint8Array([1])]]);
    const tar = tarOf(
      { name: 'dev/null', type: 'char', devMajor: 1, devMinor: 3 },
      { name: 'dev/twin', type: 'hardlink', link: 'dev/null' },
      { name: 'dev/pipe', type: 'fifo' },
      { name: 'file', type: 'file', content: 'x', xattrs },
      { name: 'same', type: 'hardlink', link: 'file' },
    );
    await loadBase(engine, { names: ['odd:1'], tars: [tar] });
    const path = sandbox.path('out');
    const { said } = await build(
      { outputs: [{ kind: 'local', path }] },
      { Dockerfile: 'FROM odd:1\nCOPY a.txt /\n', 'a.txt': 'a' },
    );
    expect(readdirSync(path).sort()).toEqual(['a.txt', 'dev', 'file', 'same']);
    expect(readdirSync(`${path}/dev`)).toEqual([]);
    expect(statSync(`${path}/file`).ino).toBe(statSync(`${path}/same`).ino);
    expect(said('build-warning').map(({ message }) => message)).toEqual([
      `${path}: devices and FIFOs are left out: "dev/null" and 2 more`,
      `${path}: 1 file is without its extended attributes`,
    ]);
  });

  test('come as one tar, the same for the same image, to a file or a sink', async () => {
    const file = sandbox.path('files.tar');
    const chunks: Uint8Array[] = [];
    const sink = async (chunk: Uint8Array) => void chunks.push(Uint8Array.from(chunk));
    await build({
      outputs: [
        { kind: 'tar', to: file, names: [] },
        { kind: 'tar', to: sink, names: [] },
      ],
    });
    expect(readFileSync(file).equals(Buffer.concat(chunks))).toBe(true);
    expect(await entriesOf(readFileSync(file))).toEqual([
      'app/',
      'app/a.txt=a',
      'app/b.txt=b',
      'etc/',
      'etc/base=b',
      'etc/other=other',
    ]);
  });

  test('replace a file as a whole, through a link to it', async () => {
    const file = sandbox.path('files.tar');
    writeFileSync(file, 'old');
    symlinkSync('files.tar', sandbox.path('link.tar'));
    await build({ outputs: [{ kind: 'tar', to: sandbox.path('link.tar'), names: [] }] });
    expect(await entriesOf(readFileSync(file))).toContain('app/a.txt=a');
    await build({ outputs: [{ kind: 'tar', to: '/dev/null', names: [] }] });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test.each([
    { name: 'a directory', to: () => sandbox.path('taken'), code: 'INVALID_ARGUMENT' },
    { name: 'a file in no directory', to: () => sandbox.path('none/files.tar'), code: 'FILE_NOT_FOUND' },
  ])('are refused for $name, and then nothing has a name', async ({ to, code }) => {
    mkdirSync(sandbox.path('taken'));
    const outputs = [
      { kind: 'image', names: [] },
      { kind: 'tar', to: to(), names: [] },
    ] as const;
    await expect(build({ tags: [parseReference('app:1')], outputs })).rejects.toMatchObject({ code });
    expect(await engine.names()).toEqual([parseReference('base:1')]);
  });

  test('leave nothing half-made when the reader goes away or the build is cancelled', async () => {
    const sink = async () => {
      throw new Error('closed');
    };
    await expect(build({ outputs: [{ kind: 'tar', to: sink, names: [] }] })).rejects.toThrow('closed');
    const controller = new AbortController();
    mkdirSync(sandbox.path('out'));
    const outputs = [{ kind: 'oci', to: sandbox.path('out/app.tar'), names: [] }] as const;
    const context = { kind: 'directory', path: sandbox.path('context') } as const;
    const onBuildEvent = ({ kind }: { kind: string }) => {
      if (kind === 'build-export') controller.abort();
    };
    const cancelled = engine.build({ context, outputs }, { signal: controller.signal, onBuildEvent });
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(sandbox.path('out'))).toEqual([]);
    expect((await engine.check()).faults).toEqual([]);
  });
});

describe('archives of a build', () => {
  test.each([{ kind: 'oci' }, { kind: 'docker' }] as const)(
    'of kind $kind can be loaded under their names',
    async ({ kind }) => {
      const file = sandbox.path('app.tar');
      const names = [parseReference('app:2')];
      const tags = [parseReference('app:1')];
      const { id, target, names: named } = await build({ tags, outputs: [{ kind, to: file, names }] });
      expect(named).toEqual([]);
      const entries = await entriesOf(readFileSync(file));
      expect(entries.some((entry) => entry.startsWith('manifest.json'))).toBe(kind === 'docker');
      await using other = new EngineSandbox();
      const there = other.engine();
      await there.load({ from: file });
      expect(await there.names()).toEqual([...tags, ...names]);
      const image = await there.inspect('app:2');
      expect(image.Id).toBe(id);
      expect((image.RootFS as { Layers: Digest[] }).Layers).toHaveLength(5);
      const { layers } = parseManifest(readFileSync(other.store().blobs.pathOf(target!.digest)));
      expect(layers.every(({ mediaType }) => mediaType.endsWith('gzip'))).toBe(true);
      const again = sandbox.path('again.tar');
      await build({ tags, outputs: [{ kind, to: again, names }] });
      expect(readFileSync(again).equals(readFileSync(file))).toBe(true);
    },
  );

  test('of several platforms hold the index and all in it', async () => {
    await using multi = await pulledForAll();
    const from = `FROM ${multi.registry.host}/team/app:1\nCOPY a.txt /\n`;
    const path = writeContext(sandbox.path('context'), { ...FILES, Dockerfile: from });
    const file = sandbox.path('app.tar');
    const { target } = await buildDirectory(multi.engine, path, {
      platforms: [OTHER, HOST],
      outputs: [{ kind: 'oci', to: file, names: [parseReference('app:1')] }],
    });
    await engine.load({ from: file });
    expect(sandbox.store().metadata.findName(parseReference('app:1'))?.target).toEqual(target);
    expect((await engine.check()).faults).toEqual([]);
  });
});

describe('images of a build', () => {
  test('are pushed under all their names, with their annotations', async () => {
    const { target, said } = await build({
      tags: [nameAt(registry, 'team/app:1')],
      outputs: [{ kind: 'image', names: [nameAt(registry, 'team/app:2')], push: true }],
      annotations: [
        { scope: 'manifest', key: 'b', value: '1' },
        { scope: 'manifest', key: 'a', value: '2' },
      ],
    });
    expect(registry.tags('team/app')).toEqual(['1', '2']);
    expect(manifestIn('1').annotations).toEqual({ a: '2', b: '1' });
    expect(manifestIn('2')).toEqual(manifestIn('1'));
    expect(packings(manifestIn('1'))).toEqual(Array(5).fill('gzip'));
    expect(sandbox.store().metadata.findName(nameAt(registry, 'team/app:2'))?.target).toEqual(target);
    expect(said('build-push').map(({ event }) => event.kind)).toContain('tag-pushed');
  });

  test.each([
    { compression: 'zstd', added: 'zstd' },
    { compression: 'none', added: 'none' },
    { compression: 'gzip', added: 'gzip' },
  ] as const)('have layers of $compression above those of their base', async ({ compression, added }) => {
    const tags = [nameAt(registry, 'team/app:1')];
    const { id } = await build({ tags, compression, outputs: [{ kind: 'image', names: [], push: true }] });
    expect(packings(manifestIn('1'))).toEqual(['gzip', 'gzip', added, added, added]);
    expect(manifestIn('1').annotations?.[UNSEALED_ANNOTATION]).toBeUndefined();
    expect(manifestIn('1').config.digest).toBe(id);
    // What is stored for the cache is as it was.
    expect(stepFates((await build({ tags })).events)).toEqual(['done', 'cached', 'cached', 'cached']);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('for several platforms have an index for a target, and events that tell which', async () => {
    await using multi = await pulledForAll();
    const { host } = multi.registry;
    const from = `FROM ${host}/team/app:1\nARG TARGETARCH\nCOPY a.txt /$TARGETARCH\nLABEL x=y\n`;
    const path = writeContext(sandbox.path('context'), { ...FILES, Dockerfile: from });
    const { target, id, said } = await buildDirectory(multi.engine, path, {
      platforms: [OTHER, HOST, OTHER],
      tags: [nameAt(multi.registry, 'team/built:1')],
      outputs: [{ kind: 'image', names: [], push: true }],
      annotations: [
        { scope: 'index', key: 'of', value: 'index' },
        { scope: 'manifest', platform: HOST, key: 'of', value: 'host' },
        { scope: 'manifest-descriptor', key: 'of', value: 'descriptor' },
      ],
    });
    expect(said('built').map(({ platform }) => platform)).toEqual([OTHER, HOST]);
    expect(said('build-step').map(({ platform, step }) => [platform, step.number])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) => [number <= 4 ? OTHER : HOST, number]),
    );
    expect(said('built')[0]?.id).toBe(id);
    const index = parseIndex(multi.registry.manifest('team/built', '1')!);
    expect(index.annotations).toEqual({ of: 'index' });
    expect(index.manifests.map(({ platform }) => platform)).toEqual([OTHER, HOST]);
    expect(index.manifests[0]?.annotations).toEqual({ of: 'descriptor' });
    const [other, own] = index.manifests.map(({ digest }) =>
      parseManifest(multi.registry.manifest('team/built', digest)!),
    );
    expect([other?.annotations, own?.annotations]).toEqual([undefined, { of: 'host' }]);
    expect(own?.layers.map(({ mediaType }) => mediaType.endsWith('gzip'))).toEqual([true, true, true]);
    // The name shows the image for this machine, and leads to the other.
    const name = `${host}/team/built:1`;
    expect((await multi.engine.inspect(name)).Id).toBe(own?.config.digest);
    expect((await multi.engine.inspect(name, { platform: OTHER })).Id).toBe(other?.config.digest);
    expect(multi.sandbox.store().metadata.findName(parseReference(name))?.target).toEqual(target);
    expect((await multi.engine.check()).faults).toEqual([]);
  });

  test('put files of several platforms side by side', async () => {
    await using multi = await pulledForAll();
    const from = `FROM ${multi.registry.host}/team/app:1\nARG TARGETARCH\nCOPY a.txt /$TARGETARCH\n`;
    const path = writeContext(sandbox.path('context'), { ...FILES, Dockerfile: from });
    const [out, file] = [sandbox.path('out'), sandbox.path('files.tar')];
    await buildDirectory(multi.engine, path, {
      platforms: [OTHER, HOST],
      outputs: [
        { kind: 'local', path: out },
        { kind: 'tar', to: file, names: [] },
      ],
    });
    const folders = [OTHER, HOST].map(({ os, architecture }) => `${os}_${architecture}`);
    expect(readdirSync(out).sort()).toEqual([...folders].sort());
    expect(existsSync(`${out}/${folders[0]}/${OTHER.architecture}`)).toBe(true);
    expect(await entriesOf(readFileSync(file))).toContain(`${folders[1]}/${HOST.architecture}=a`);
  });

  test('are not made by programs that do not run here', async () => {
    const building = build({ platforms: [OTHER] }, { Dockerfile: 'FROM scratch\nRUN ["/x"]\n' });
    await expect(building).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/^RUN for linux\/\w+: this machine runs .* has no emulator for it$/),
    });
  });

  test.each([
    {
      name: 'a push without a name',
      request: { outputs: [{ kind: 'image', names: [], push: true }] },
      message: 'tag is needed when pushing to registry',
    },
    {
      name: 'annotations of an index that there is none of',
      request: { annotations: [{ scope: 'index', key: 'a', value: 'b' }] },
      message: 'index annotations not supported for single platform export',
    },
    {
      name: 'annotations of what is not built',
      request: { annotations: [{ scope: 'manifest', platform: OTHER, key: 'a', value: 'b' }] },
      message: 'annotation a is for a platform that is not built',
    },
  ] as const)('are refused before anything is built: $name', async ({ request, message }) => {
    const images = (await engine.images({ all: true })).length;
    await expect(build(request)).rejects.toMatchObject({ message });
    expect(await engine.images({ all: true })).toHaveLength(images);
  });
});

describe('a squashed build', () => {
  test('has one layer above its base, and says what it was made of', async () => {
    const { id: whole } = await build();
    const base = (await engine.inspect('base:1')).Id;
    const { id, said } = await build({ squash: true, tags: [parseReference('app:1')] });
    expect(said('built')).toEqual([{ kind: 'built', id }]);
    const image = await engine.inspect('app:1');
    expect((image.RootFS as { Layers: Digest[] }).Layers).toHaveLength(3);
    const [top, ...others] = await engine.history('app:1');
    expect(top).toMatchObject({ comment: `merge ${whole} to ${base}`, size: 3 });
    expect(others.slice(0, 3).map(({ size }) => size)).toEqual([0, 0, 0]);
    expect((await build({ squash: true })).id).toBe(id);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('is the image itself where there is nothing to merge', async () => {
    const files = { ...FILES, Dockerfile: 'FROM base:1\nCOPY a.txt /\nENV A=b\n' };
    expect((await build({ squash: true }, files)).id).toBe((await build({}, files)).id);
  });

  test('merges the layers of stages that it stands on, and needs no base', async () => {
    const Dockerfile =
      'FROM scratch AS one\nCOPY a.txt /\nFROM one AS two\nCOPY b.txt /\nFROM two\nCOPY b.txt /a.txt\n';
    await build({ squash: true, tags: [parseReference('app:1')] }, { ...FILES, Dockerfile });
    const image = await engine.inspect('app:1');
    expect((image.RootFS as { Layers: Digest[] }).Layers).toHaveLength(1);
    expect((await engine.history('app:1'))[0]?.comment).toMatch(/^create new from sha256:/);
  });
});
