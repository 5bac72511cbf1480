import { writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../bytes/collect.ts';
import { detectCompression } from '../compression/detect.ts';
import type { Digest } from '../digest.ts';
import { describeDocument, digestOfBytes } from '../image/build-image.ts';
import { convertManifest } from '../image/convert-manifest.ts';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { parseManifest } from '../oci/manifest.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { parseReference } from '../reference.ts';
import { EngineSandbox, nameAt, recorder, serveDocument, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture, storeOf } from '../testing/image-fixtures.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../testing/memory-registry.ts';
import type { Engine } from './engine.ts';

const FIXTURE = makeImageFixture({ layers: [{ one: 'one '.repeat(5000) }, { two: 'two' }] });
const ID = FIXTURE.image.config.descriptor.digest;

describe('convert', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  let registry: MemoryRegistry;
  beforeEach(async () => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    registry = await startMemoryRegistry();
    serveImage(registry, 'app', '1', FIXTURE);
  });
  afterEach(async () => {
    await sandbox[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  async function pull(): Promise<string> {
    await engine.pull({ ref: nameAt(registry, 'app:1') });
    return `${registry.host}/app:1`;
  }

  async function manifestOf(digest: Digest) {
    return parseManifest(await collect(sandbox.store().blobs.read(digest), 1 << 20));
  }

  /** How the blobs that a manifest names are packed. */
  async function packings(digest: Digest): Promise<string[]> {
    const { blobs } = sandbox.store();
    const { layers } = await manifestOf(digest);
    return await Promise.all(
      layers.map(async (layer) => detectCompression(await collect(blobs.read(layer.digest), 1 << 20))),
    );
  }

  test.each([
    { compression: 'zstd', mediaType: MEDIA_TYPES.ociLayerZstd },
    { compression: 'none', mediaType: MEDIA_TYPES.ociLayer },
    { compression: 'gzip', level: 9, mediaType: MEDIA_TYPES.ociLayerGzip },
  ] as const)('packs layers with $compression and keeps the image ID', async ({ mediaType, ...how }) => {
    const image = await pull();
    const result = await engine.convert({ image, ...how, ref: parseReference('app:new') });
    expect(result.id).toBe(ID);
    const { config, layers } = await manifestOf(result.target.digest);
    expect(config).toEqual(FIXTURE.image.config.descriptor);
    expect(layers.map((layer) => layer.mediaType)).toEqual([mediaType, mediaType]);
    expect(await packings(result.target.digest)).toEqual([how.compression, how.compression]);
    expect((await engine.inspect('app:new')).RepoTags).toEqual([image, 'app:new'].sort());
    expect((await engine.check()).faults).toEqual([]);
    expect(await engine.convert({ image, ...how })).toMatchObject({ target: result.target });
  });

  test('gives the same manifest whatever form the image had', async () => {
    const image = await pull();
    const { target } = await engine.convert({ image, compression: 'zstd', ref: parseReference('a:zstd') });
    await engine.convert({ image, compression: 'none', ref: parseReference('a:none') });
    expect(await engine.convert({ image: 'a:none', compression: 'zstd' })).toMatchObject({ target });
    const gzip = await engine.convert({ image: 'a:zstd', compression: 'gzip' });
    expect(await engine.convert({ image, compression: 'gzip', level: 6 })).toMatchObject({
      target: gzip.target,
    });
  });

  test('moves the tag, and what only the old form needed goes', async () => {
    const image = await pull();
    const { target, ref } = await engine.convert({ image, compression: 'zstd' });
    expect(ref).toEqual(nameAt(registry, 'app:1'));
    const { layers } = await manifestOf(target.digest);
    const expected = [ID, target.digest, ...layers.map(({ digest }) => digest)];
    expect(sandbox.files('blobs').sort()).toEqual(
      expected.map((digest) => `blobs/sha256/${digest.slice(7)}`).sort(),
    );
    expect((await engine.inspect(image)).RepoDigests).toEqual([]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('keeps the old form as long as a name has it, and no longer', async () => {
    const image = await pull();
    const before = sandbox.files('blobs').length;
    await engine.tag({ source: image, target: parseReference('old:1') });
    const { target } = await engine.convert({ image, compression: 'zstd' });
    expect(await saved('old:1')).toContain(FIXTURE.layers[0]!.descriptor.digest.slice(7));
    expect(await saved(image)).toContain(target.digest.slice(7));
    await engine.remove({ image: 'old:1' });
    expect(sandbox.files('blobs').length).toBe(before);
    expect(await packings(target.digest)).toEqual(['zstd', 'zstd']);
    expect((await engine.check()).faults).toEqual([]);
    await engine.remove({ image });
    expect(sandbox.contents()).toEqual([]);
  });

  test('gives the blobs of the new form back when its name goes', async () => {
    const image = await pull();
    const before = sandbox.contents();
    await engine.convert({ image, compression: 'zstd', ref: parseReference('new:1') });
    await engine.remove({ image: 'new:1' });
    expect(sandbox.contents()).toEqual(before);
    await engine.convert({ image, compression: 'zstd', ref: parseReference('new:1') });
    const dry = await engine.prune({ all: true, filters: ['reference=new'], dryRun: true });
    const done = await engine.prune({ all: true, filters: ['reference=new'] });
    expect(done).toEqual(dry);
    expect(done.reclaimedBytes).toBeGreaterThan(0);
    expect(sandbox.contents()).toEqual(before);
  });

  async function saved(image: string): Promise<string> {
    return Buffer.from(await collect(engine.save({ images: [image] }), 1 << 22)).toString('latin1');
  }

  test('pushes the new form, and saves it', async () => {
    const image = await pull();
    for (const compression of ['zstd', 'none'] as const) {
      const ref = nameAt(registry, `other:${compression}`);
      const { target } = await engine.convert({ image, compression, ref });
      expect(await engine.push({ ref })).toMatchObject({ target });
      for (const { digest } of (await manifestOf(target.digest)).layers)
        expect(registry.hasBlob('other', digest)).toBe(true);
      await using other = new EngineSandbox();
      await other.engine().load({ from: engine.save({ images: [`${registry.host}/other:${compression}`] }) });
      const [there] = other.store().metadata.listImages();
      expect([there?.id, there?.manifest.digest]).toEqual([ID, target.digest]);
    }
    expect(await engine.pull({ ref: nameAt(registry, 'app:1') })).toMatchObject({ status: 'up-to-date' });
  });

  test('converts what was loaded with plain layers, before and after its first push', async () => {
    const plain = makeImageFixture({ names: ['plain:1'], layers: [{ a: 'a' }], uncompressed: true });
    await engine.load({ from: writeDockerArchive([plain.image], await storeOf([plain])) });
    const ref = nameAt(registry, 'plain:zstd');
    const { target } = await engine.convert({ image: 'plain:1', compression: 'zstd', ref });
    expect(await engine.push({ ref })).toMatchObject({ target });
    await engine.tag({ source: 'plain:1', target: nameAt(registry, 'plain:gzip') });
    const pushed = await engine.push({ ref: nameAt(registry, 'plain:gzip') });
    expect(await packings(pushed.target.digest)).toEqual(['gzip']);
    expect(await packings(target.digest)).toEqual(['zstd']);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('takes the one platform that is here from an index, and says so', async () => {
    const platform = { os: 'linux', architecture: 'amd64' };
    const index = makeIndexFixture([{ fixture: FIXTURE, platform }]);
    serveDocument(registry, 'app', 'all', index);
    await engine.pull({ ref: nameAt(registry, 'app:all'), platform });
    const { events, onProgress } = recorder();
    const image = `${registry.host}/app:all`;
    const { target } = await engine.convert({ image, compression: 'zstd' }, { onProgress });
    expect(events[0]).toMatchObject({
      kind: 'warning',
      message: `${image}: the result is for linux/amd64 alone`,
    });
    expect(target.mediaType).toBe(MEDIA_TYPES.ociManifest);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('wants a name for the result where a digest or an ID was given', async () => {
    const image = await pull();
    const digest = FIXTURE.image.manifest.descriptor.digest;
    for (const given of [ID, `${registry.host}/app@${digest}`])
      await expect(engine.convert({ image: given, compression: 'zstd' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `${given} is no tag that could move to the result`,
        hint: 'name the result with --tag',
      });
    expect(await engine.convert({ image: ID, compression: 'zstd', ref: parseReference('x') })).toMatchObject({
      ref: { tag: 'latest' },
    });
    await engine.remove({ image: 'x' });
    expect((await engine.inspect(image)).Id).toBe(ID);
  });

  test('converts an image without a name in its place', async () => {
    const { id } = await engine.import({ from: sourceOf([FIXTURE.layers[0]!.tar]) });
    const { target } = await engine.convert({ image: id, compression: 'zstd' });
    expect(sandbox.store().metadata.findImage(id)?.manifest.digest).toBe(target.digest);
    expect(sandbox.files('blobs')).toHaveLength(3);
    expect((await engine.check()).faults).toEqual([]);
  });

  test.each([
    { compression: 'zstd', level: 20, message: 'invalid level 20 for zstd: want 1 to 19' },
    { compression: 'gzip', level: 0, message: 'invalid level 0 for gzip: want 1 to 9' },
    { compression: 'none', level: 1, message: 'invalid level 1 for none: plain layers have none' },
  ] as const)('refuses level $level for $compression', async ({ message, ...how }) => {
    await expect(engine.convert({ image: 'x', ...how })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    });
  });

  test('leaves nothing behind when it is cancelled or a layer is bad', async () => {
    const image = await pull();
    const before = sandbox.contents();
    const controller = new AbortController();
    const converting = engine.convert(
      { image, compression: 'zstd' },
      { signal: controller.signal, onProgress: () => controller.abort() },
    );
    await expect(converting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(sandbox.contents()).toEqual(before);
    const store = sandbox.store();
    const [bad] = FIXTURE.layers;
    const lie = gzipSync(
      gunzipSync(await gather(store.blobs.read(bad!.descriptor.digest))).fill(0, 600, 610),
    );
    writeFileSync(store.blobs.pathOf(bad!.descriptor.digest), lie);
    await expect(engine.convert({ image, compression: 'zstd' })).rejects.toMatchObject({
      code: 'DIFF_ID_MISMATCH',
    });
    expect(sandbox.contents()).toEqual(before);
  });

  test('does not undo what another process did to the name meanwhile', async () => {
    const image = await pull();
    const other = await engine.import({ from: sourceOf([FIXTURE.layers[1]!.tar]) });
    let isMoved = false;
    const onProgress = () => {
      const { metadata } = sandbox.store();
      const facts = metadata.findImage(other.id)!;
      if (!isMoved)
        metadata.putName({
          ref: nameAt(registry, 'app:1'),
          target: facts.manifest,
          imageId: facts.id,
          taggedAt: new Date(0),
        });
      isMoved = true;
    };
    await expect(engine.convert({ image, compression: 'zstd' }, { onProgress })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect((await engine.inspect(image)).Id).toBe(other.id);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('writes zstd as one frame', async () => {
    const image = await pull();
    const { target } = await engine.convert({ image, compression: 'zstd', level: 19 });
    const [layer] = (await manifestOf(target.digest)).layers;
    const blob = await gather(sandbox.store().blobs.read(layer!.digest));
    expect(digestOfBytes(zstdDecompressSync(blob))).toBe(FIXTURE.layers[0]!.diffID);
  });
});

describe('convertManifest', () => {
  const config = { mediaType: MEDIA_TYPES.dockerConfig, digest: ID, size: 1 };
  const layer = { mediaType: MEDIA_TYPES.dockerLayerGzip, digest: ID, size: 2 };
  const source = { mediaType: MEDIA_TYPES.dockerManifest, config, layers: [layer] };

  test("keeps Docker's form with gzip, and takes OCI's for what that cannot name", () => {
    const types = (['gzip', 'zstd', 'none'] as const).map((compression) => {
      const manifest = parseManifest(convertManifest(source, [layer], compression).bytes);
      return [manifest.mediaType, manifest.config.mediaType, manifest.layers[0]?.mediaType];
    });
    const { dockerManifest, dockerConfig, dockerLayerGzip } = MEDIA_TYPES;
    const { ociManifest, ociConfig, ociLayerZstd, ociLayer } = MEDIA_TYPES;
    expect(types).toEqual([
      [dockerManifest, dockerConfig, dockerLayerGzip],
      [ociManifest, ociConfig, ociLayerZstd],
      [ociManifest, ociConfig, ociLayer],
    ]);
  });

  test('keeps annotations, all but the mark of plain layers that are to be packed', () => {
    const annotations = { 'dev.wherry.unsealed': 'true', a: 'b' };
    const { bytes } = convertManifest({ ...source, annotations }, [layer], 'zstd');
    expect(parseManifest(bytes).annotations).toEqual({ a: 'b' });
    expect(describeDocument(MEDIA_TYPES.ociManifest, bytes).bytes).toEqual(bytes);
  });
});
