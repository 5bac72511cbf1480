import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { hostPlatform } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import { EngineSandbox, nameAt, recorder, serveImage } from '../testing/engine-sandbox.ts';
import { type ImageFixture, makeImageFixture, storeOf } from '../testing/image-fixtures.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { type FixtureEntry, tarOf } from '../testing/tar-fixtures.ts';

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
const idOf = ({ image }: ImageFixture) => image.config.descriptor.digest;

async function archiveOf(fixtures: readonly ImageFixture[], uncompressed = false): Promise<Buffer> {
  const store = await storeOf(fixtures);
  return gather(
    writeDockerArchive(
      fixtures.map(({ image }) => image),
      store,
      { uncompressed },
    ),
  );
}

/** As Docker wrote archives before version 25: a directory for each layer, and the config beside them. */
function oldArchiveOf(fixture: ImageFixture, omit: readonly number[] = []): Uint8Array {
  const { image, layers, blobs } = fixture;
  const config = `${idOf(fixture).slice(7)}.json`;
  const entries: FixtureEntry[] = layers.flatMap(({ tar }, at) =>
    omit.includes(at)
      ? []
      : [
          { name: `layer${at}/`, type: 'directory' },
          { name: `layer${at}/VERSION`, type: 'file', content: '1.0' },
          { name: `layer${at}/layer.tar`, type: 'file', content: tar },
        ],
  );
  const manifest = [
    {
      Config: config,
      RepoTags: image.names.map(familiarName),
      Layers: layers.map((_, at) => `layer${at}/layer.tar`),
    },
  ];
  return tarOf(
    ...entries,
    { name: config, type: 'file', content: blobs.get(idOf(fixture))! },
    { name: 'manifest.json', type: 'file', content: JSON.stringify(manifest) },
  );
}

describe('load', () => {
  test.each([
    { name: 'as Docker writes them', make: () => archiveOf([app, tool]) },
    { name: 'with plain layers', make: () => archiveOf([app, tool], true) },
    { name: 'packed with gzip', make: async () => gzipSync(await archiveOf([app, tool])) },
    { name: 'packed with zstd', make: async () => zstdCompressSync(await archiveOf([app, tool])) },
  ])('reads two images that share a layer, $name', async ({ make }) => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const seen = recorder();
    const loaded = await engine.load({ from: sourceOf([await make()]) }, seen);
    expect(loaded).toEqual([
      { ref: parseReference('app:1'), id: idOf(app) },
      { ref: parseReference('tool:1'), id: idOf(tool) },
    ]);
    expect(seen.events.filter(({ kind }) => kind === 'image-loaded')).toHaveLength(2);
    expect(seen.events.some((event) => event.kind === 'layer' && event.phase === 'loading')).toBe(true);
    expect(sandbox.files('tocs')).toHaveLength(3);
    expect(sandbox.files('ingests')).toEqual([]);
    expect((await engine.check()).faults).toEqual([]);
    await engine.remove({ image: 'app:1' });
    await engine.remove({ image: 'tool:1' });
    expect(sandbox.contents()).toEqual([]);
  });

  test('reads an archive of an old Docker, from a file', async () => {
    await using sandbox = new EngineSandbox();
    const path = sandbox.path('old.tar');
    writeFileSync(path, oldArchiveOf(app));
    const seen = recorder();
    expect(await sandbox.engine().load({ from: path }, seen)).toEqual([
      { ref: parseReference('app:1'), id: idOf(app) },
    ]);
    expect(seen.phases().sort()).toEqual(
      app.layers.map(({ diffID }) => `loading ${diffID.slice(7, 13)}`).sort(),
    );
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('keeps the parents that an archive tells of, in the archive or in the store', async () => {
    await using sandbox = new EngineSandbox();
    const fixtures = [app, tool];
    const items = fixtures.map(({ image, layers }, at) => ({
      Config: `${at}.json`,
      RepoTags: image.names.map(familiarName),
      Layers: layers.map((_, layer) => `${at}/${layer}.tar`),
      Parent: at === 0 ? `sha256:${'0'.repeat(64)}` : idOf(app),
    }));
    const archive = tarOf(
      ...fixtures.flatMap((fixture, at): FixtureEntry[] => [
        { name: `${at}.json`, type: 'file', content: fixture.blobs.get(idOf(fixture))! },
        ...fixture.layers.map(({ tar }, layer) => ({
          name: `${at}/${layer}.tar`,
          type: 'file' as const,
          content: tar,
        })),
      ]),
      { name: 'manifest.json', type: 'file', content: JSON.stringify(items) },
    );
    const engine = sandbox.engine();
    await engine.load({ from: sourceOf([archive]) });
    expect((await engine.inspect('tool:1')).Parent).toBe(idOf(app));
    expect((await engine.inspect('app:1')).Parent).toBe('');
  });

  test('takes a layer that the archive leaves out from the store', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const partial = oldArchiveOf(tool, [0]);
    await expect(engine.load({ from: sourceOf([partial]) })).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
    });
    expect(sandbox.files('ingests')).toEqual([]);
    await engine.load({ from: sourceOf([oldArchiveOf(app)]) });
    expect(await engine.load({ from: sourceOf([partial]) })).toMatchObject([{ id: idOf(tool) }]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('keeps the compressed layers that are here, and nothing of the plain ones', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, 'team/app', '1', app);
    const engine = sandbox.engine();
    const ref = nameAt(registry, 'team/app:1');
    await engine.pull({ ref });
    const before = sandbox.contents();
    await engine.load({ from: sourceOf([oldArchiveOf(app)]) });
    expect(sandbox.contents()).toEqual(before);
    expect((await engine.images())[0]?.repoTags).toEqual([familiarName(ref), 'app:1'].sort());
    expect((await engine.push({ ref })).target.digest).toBe(digest);
  });

  test('moves a tag, and the image that had it stays', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.load({ from: sourceOf([await archiveOf([app])]) });
    const moved = { ...tool, image: { ...tool.image, names: app.image.names } };
    await engine.load({ from: sourceOf([await archiveOf([moved])]) });
    const rows = await engine.images();
    expect(rows.find(({ id }) => id === idOf(app))?.repoTags).toEqual([]);
    expect(rows.find(({ id }) => id === idOf(tool))?.repoTags).toEqual(['app:1']);
  });

  test('loads the same archive twice without a change', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const archive = await archiveOf([app], true);
    await engine.load({ from: sourceOf([archive]) });
    const before = sandbox.contents();
    await engine.load({ from: sourceOf([archive]) });
    expect(sandbox.contents()).toEqual(before);
  });

  test.each([
    { name: 'in the middle of a layer', cut: (bytes: Buffer) => bytes.subarray(0, bytes.length - 6000) },
    { name: 'in a header', cut: (bytes: Buffer) => bytes.subarray(0, 700) },
    { name: 'after its first byte', cut: (bytes: Buffer) => bytes.subarray(0, 1) },
  ])('leaves nothing of an archive that ends $name', async ({ cut }) => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const archive = Buffer.from(oldArchiveOf(app));
    const error = await engine.load({ from: sourceOf([cut(archive)]) }).catch((caught) => caught);
    expect(error).toMatchObject({ name: 'WherryError' });
    expect(sandbox.contents()).toEqual([]);
    expect(await engine.images({ all: true })).toEqual([]);
  });

  test('leaves nothing when it is cancelled', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const cancel = new AbortController();
    const archive = Buffer.from(oldArchiveOf(app));
    async function* slowly() {
      yield archive.subarray(0, 2048);
      cancel.abort();
      yield archive.subarray(2048);
    }
    await expect(engine.load({ from: slowly() }, { signal: cancel.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(sandbox.contents()).toEqual([]);
  });

  test.each([
    { name: 'a file that is not there', from: '/nonexistent/a.tar', code: 'FILE_NOT_FOUND' },
    { name: 'a directory that is no layout', from: '/', code: 'INVALID_ARGUMENT' },
    { name: 'an empty stream', from: sourceOf([]), code: 'INVALID_ARCHIVE' },
    {
      name: 'a tar that is no archive',
      from: sourceOf([tarOf({ name: 'a', type: 'file', content: 'b' })]),
      code: 'INVALID_ARCHIVE',
    },
  ])('refuses $name', async ({ from, code }) => {
    await using sandbox = new EngineSandbox();
    await expect(sandbox.engine().load({ from })).rejects.toMatchObject({ code });
    expect(sandbox.contents()).toEqual([]);
  });
});

describe('load of a layout in a directory', () => {
  function writeLayout(sandbox: EngineSandbox): string {
    const directory = sandbox.path('layout');
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
    for (const [digest, bytes] of app.blobs)
      writeFileSync(join(directory, 'blobs/sha256', digest.slice(7)), bytes);
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const manifests = [
      { ...app.image.manifest.descriptor, annotations: { 'org.opencontainers.image.ref.name': 'app:1' } },
    ];
    writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    return directory;
  }

  test('keeps every digest', async () => {
    await using sandbox = new EngineSandbox();
    expect(await sandbox.engine().load({ from: writeLayout(sandbox) })).toMatchObject([{ id: idOf(app) }]);
    expect(
      sandbox
        .files('blobs')
        .map((path) => path.slice(-64))
        .sort(),
    ).toEqual([...app.blobs.keys()].map((digest) => digest.slice(7)).sort());
  });

  test('follows links inside it, and refuses those that lead outside', async () => {
    await using sandbox = new EngineSandbox();
    const directory = writeLayout(sandbox);
    const blob = join(directory, 'blobs/sha256', app.layers[0]!.descriptor.digest.slice(7));
    renameSync(blob, join(directory, 'elsewhere'));
    symlinkSync('../../elsewhere', blob);
    expect(await sandbox.engine().load({ from: directory })).toMatchObject([{ id: idOf(app) }]);
    await using second = new EngineSandbox();
    renameSync(join(directory, 'elsewhere'), sandbox.path('outside'));
    symlinkSync('../outside', join(directory, 'elsewhere'));
    await expect(second.engine().load({ from: directory })).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: expect.stringContaining('outside the layout'),
    });
    expect(second.contents()).toEqual([]);
  });

  test("reads wherry's own store as a layout", async () => {
    await using sandbox = new EngineSandbox();
    await sandbox.engine().load({ from: writeLayout(sandbox) });
    await using second = new EngineSandbox();
    expect(await second.engine().load({ from: sandbox.root })).toEqual([
      { ref: parseReference('app:1'), id: idOf(app) },
    ]);
  });
});
