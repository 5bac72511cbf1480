import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { digestOfBytes } from '../image/build-image.ts';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { hostPlatform } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import { EngineSandbox, nameAt, serveImage } from '../testing/engine-sandbox.ts';
import { type ImageFixture, makeImageFixture, storeOf } from '../testing/image-fixtures.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';

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

describe('save', () => {
  test('writes what load reads: the same images, names and digests', async () => {
    await using sandbox = new EngineSandbox();
    await using second = new EngineSandbox();
    await sandbox.engine().load({ from: sourceOf([await archiveOf([app, tool])]) });
    const archive = await gather(sandbox.engine().save({ images: ['app:1', 'tool:1'] }));
    const loaded = await second.engine().load({ from: sourceOf([archive]) });
    expect(loaded.map(({ id }) => id)).toEqual([idOf(app), idOf(tool)]);
    expect(second.files('blobs')).toEqual(sandbox.files('blobs'));
  });

  test('writes an image without names when it is meant by its ID, and all tags of a repository', async () => {
    await using sandbox = new EngineSandbox();
    await using second = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.load({ from: sourceOf([await archiveOf([app])]) });
    await engine.tag({ source: 'app:1', target: parseReference('app:2') });
    const byId = await gather(engine.save({ images: [idOf(app).slice(7, 19)] }));
    expect(await second.engine().load({ from: sourceOf([byId]) })).toEqual([{ id: idOf(app) }]);
    const all = await gather(engine.save({ images: ['app'] }));
    const loaded = await second.engine().load({ from: sourceOf([all]) });
    expect(loaded.map(({ ref }) => ref?.tag)).toEqual(['1', '2']);
  });

  test('unpacks the layers when that is asked for', async () => {
    await using sandbox = new EngineSandbox();
    await using second = new EngineSandbox();
    await sandbox.engine().load({ from: sourceOf([await archiveOf([app])]) });
    const archive = await gather(sandbox.engine().save({ images: ['app:1'], uncompressed: true }));
    expect(archive.includes(Buffer.from(app.layers[1]!.tar))).toBe(true);
    expect(await second.engine().load({ from: sourceOf([archive]) })).toMatchObject([{ id: idOf(app) }]);
    const tars = app.layers.map(({ diffID }) => diffID.slice(7));
    expect(second.files('blobs')).toEqual(expect.arrayContaining(tars.map((hex) => `blobs/sha256/${hex}`)));
  });

  test('says of a layer that is here as zstd only that it is zstd', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const [layer] = app.layers;
    const blob = zstdCompressSync(layer!.tar);
    // The tar comes first, as zstd; then an image whose manifest says gzip.
    await engine.import({ from: sourceOf([blob]), ref: parseReference('zstd:1') });
    serveImage(registry, 'team/app', '1', makeImageFixture({ platform: HOST, layers: [{ base: 'base' }] }));
    const ref = nameAt(registry, 'team/app:1');
    await engine.pull({ ref });
    const archive = await gather(engine.save({ images: [familiarName(ref)] }));
    expect(archive.toString('latin1')).toContain('application/vnd.oci.image.layer.v1.tar+zstd');
    await using second = new EngineSandbox();
    await second.engine().load({ from: sourceOf([archive]) });
    expect(second.files('blobs')).toContain(`blobs/sha256/${digestOfBytes(blob).slice(7)}`);
  });

  test.each([
    { images: ['nosuch'], message: 'No such image: nosuch' },
    { images: ['nosuch:1'], message: 'reference does not exist' },
    { images: ['app:1', 'nosuch:1'], message: 'reference does not exist' },
  ])('refuses $images before the first byte', async ({ images, message }) => {
    await using sandbox = new EngineSandbox();
    await sandbox.engine().load({ from: sourceOf([await archiveOf([app])]) });
    const first = sandbox.engine().save({ images })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN', message });
  });

  test('writes the same bytes each time', async () => {
    await using sandbox = new EngineSandbox();
    await sandbox.engine().load({ from: sourceOf([await archiveOf([app])]) });
    const [one, two] = await Promise.all(
      [0, 1].map(() => gather(sandbox.engine().save({ images: ['app:1'] }))),
    );
    expect(one!.equals(two!)).toBe(true);
  });

  test('lets go of the image when the reader leaves', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.load({ from: sourceOf([await archiveOf([app])]) });
    for await (const _ of engine.save({ images: ['app:1'] })) break;
    await engine.remove({ image: 'app:1' });
    expect(sandbox.contents()).toEqual([]);
  });
});
