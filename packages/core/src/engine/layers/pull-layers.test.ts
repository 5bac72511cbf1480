import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../digest.ts';
import { describeDocument, digestOfBytes, makeManifest } from '../../image/build-image.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { descriptorToJson } from '../../oci/descriptor.ts';
import { writeJson } from '../../oci/json.ts';
import { MEDIA_TYPES } from '../../oci/media-types.ts';
import { hostPlatform } from '../../platform.ts';
import { EngineSandbox, nameAt, recorder, serveImage } from '../../testing/engine-sandbox.ts';
import { makeImageFixture } from '../../testing/image-fixtures.ts';
import { noise } from '../../testing/layer-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../testing/memory-registry.ts';
import { tarOf } from '../../testing/tar-fixtures.ts';

const HOST = hostPlatform(process.platform, process.arch);
const large = noise(300_000).toString('latin1');
const fixture = makeImageFixture({ platform: HOST, layers: [{ small: 'a' }, { large }, { third: 'c' }] });
const [first, second, third] = fixture.layers.map(({ descriptor }) => descriptor) as [
  Descriptor,
  Descriptor,
  Descriptor,
];
const short = (digest: string) => digest.slice(7, 13);

interface MadeLayer {
  readonly blob: Uint8Array;
  readonly mediaType: string;
  readonly diffID: Digest;
  readonly urls?: readonly string[];
}

/** Serves an image of the given layers, whatever they are; `diffIDs` stands for what the config says. */
function serveMade(registry: MemoryRegistry, layers: readonly MadeLayer[], diffIDs?: readonly Digest[]) {
  const config = describeDocument(
    MEDIA_TYPES.ociConfig,
    writeJson({
      ...HOST,
      created: '2021-08-31T01:20:48Z',
      rootfs: { type: 'layers', diff_ids: diffIDs ?? layers.map(({ diffID }) => diffID) },
    }),
  );
  registry.addBlob('team/app', config.bytes);
  const descriptors = layers.map(({ blob, mediaType, urls }) => ({
    ...registry.addBlob('team/app', blob),
    mediaType,
    ...(urls && { urls }),
  }));
  const manifest = makeManifest(config.descriptor, descriptors);
  registry.addManifest('team/app', '1', manifest.bytes, manifest.descriptor.mediaType);
  return { config, manifest, descriptors };
}

function layerOf(
  files: Readonly<Record<string, string>>,
  pack: 'none' | 'gzip' | 'zstd' = 'gzip',
): MadeLayer {
  const tar = tarOf(
    ...Object.entries(files).map(([name, content]) => ({ name, type: 'file' as const, content })),
  );
  const packed = { none: () => tar, gzip: () => gzipSync(tar), zstd: () => zstdCompressSync(tar) };
  const mediaType = {
    none: MEDIA_TYPES.ociLayer,
    gzip: MEDIA_TYPES.ociLayerGzip,
    zstd: MEDIA_TYPES.ociLayerZstd,
  };
  return { blob: packed[pack](), mediaType: mediaType[pack], diffID: digestOfBytes(tar) };
}

describe('the layers of a pull', () => {
  test('are told of in their order: waiting first, done last', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    const seen = recorder();
    await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') }, seen);
    const order = [first, second, third].map(({ digest }) => short(digest));
    const phases = seen.phases();
    expect(phases.slice(0, 3)).toEqual(order.map((id) => `waiting ${id}`));
    expect(phases.filter((phase) => phase.startsWith('done'))).toEqual(order.map((id) => `done ${id}`));
    for (const id of order) {
      const own = phases.filter((phase) => phase.endsWith(id)).map((phase) => phase.split(' ')[0]);
      const once = own.filter((phase, at) => phase !== own[at - 1]);
      expect(once).toEqual(['waiting', 'downloading', 'verifying', 'downloaded', 'done']);
    }
    expect(seen.events.at(0)).toMatchObject({ kind: 'resolved' });
    const last = seen.events.findLast((event) => event.kind === 'layer' && event.phase === 'downloading');
    expect(last).toMatchObject({ current: expect.any(Number), total: expect.any(Number) });
  });

  test('are not fetched when the same tar is here in another compression', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const files = { 'etc/a': 'a' };
    serveMade(registry, [layerOf(files, 'zstd')]);
    const engine = sandbox.engine();
    const ref = nameAt(registry, 'team/app:1');
    await engine.pull({ ref });
    const gzip = serveMade(registry, [layerOf(files)]).descriptors[0]!;
    const seen = recorder();
    const result = await engine.pull({ ref }, seen);
    expect(result.status).toBe('downloaded');
    expect(seen.phases()).toEqual([]);
    expect(registry.bytesSentOf(gzip.digest)).toBe(0);
    expect((await engine.check()).faults).toEqual([]);
    expect((await engine.pull({ ref })).status).toBe('up-to-date');
  });

  test('are fetched once when a manifest names one twice', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const layer = layerOf({ a: 'a' });
    const { descriptors } = serveMade(registry, [layer, layer]);
    const engine = sandbox.engine();
    const seen = recorder();
    const { imageId } = await engine.pull({ ref: nameAt(registry, 'team/app:1') }, seen);
    expect(registry.bytesSentOf(descriptors[0]!.digest)).toBe(descriptors[0]!.size);
    expect(seen.phases().filter((phase) => phase.startsWith('waiting'))).toHaveLength(1);
    const inspection = await engine.inspect(imageId);
    expect(inspection.RootFS).toEqual({ Type: 'layers', Layers: [layer.diffID, layer.diffID] });
  });

  test('may be zstd, gzip and plain, and may be none at all', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const ref = nameAt(registry, 'team/app:1');
    serveMade(registry, [layerOf({ a: 'a' }, 'zstd'), layerOf({ b: 'bc' }), layerOf({ d: 'def' }, 'none')]);
    await engine.pull({ ref });
    expect(await engine.images()).toMatchObject([{ size: 6 }]);
    serveMade(registry, []);
    const { imageId } = await engine.pull({ ref });
    expect((await engine.inspect(imageId)).RootFS).toEqual({ Type: 'layers' });
    expect((await engine.check()).faults).toEqual([]);
  });

  test('may come as Docker media types', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveMade(registry, [{ ...layerOf({ a: 'a' }), mediaType: MEDIA_TYPES.dockerLayerGzip }]);
    const { status } = await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') });
    expect(status).toBe('downloaded');
  });

  test.each([
    {
      name: 'when their number is not that of the config',
      serve: (registry: MemoryRegistry) =>
        serveMade(registry, [layerOf({ a: 'a' })], [layerOf({ a: 'a' }).diffID, layerOf({ b: 'b' }).diffID]),
      code: 'DIFF_ID_MISMATCH',
      message:
        "layers from manifest don't match image configuration: the manifest has 1, the configuration 2",
    },
    {
      name: 'when a tar is not that of the config',
      serve: (registry: MemoryRegistry) =>
        serveMade(registry, [layerOf({ a: 'a' })], [layerOf({ b: 'b' }).diffID]),
      code: 'DIFF_ID_MISMATCH',
      message: /has the diff ID sha256:[0-9a-f]+, want sha256:/,
    },
    {
      name: 'of an unknown media type',
      serve: (registry: MemoryRegistry) =>
        serveMade(registry, [{ ...layerOf({ a: 'a' }), mediaType: 'application/vnd.unknown' }]),
      code: 'UNSUPPORTED',
      message: /unsupported media type application\/vnd\.unknown/,
    },
    {
      name: 'when their bytes are no tar',
      serve: (registry: MemoryRegistry) => {
        const blob = noise(2000);
        return serveMade(registry, [{ blob, mediaType: MEDIA_TYPES.ociLayer, diffID: digestOfBytes(blob) }]);
      },
      code: 'INVALID_TAR',
      message: /./,
    },
    {
      name: 'when the config is larger than any config',
      serve: (registry: MemoryRegistry) => {
        const { config } = serveMade(registry, []);
        const descriptor = { ...config.descriptor, size: 17 << 20 };
        const manifest = makeManifest(descriptor, []);
        registry.addManifest('team/app', '1', manifest.bytes, manifest.descriptor.mediaType);
      },
      code: 'TOO_LARGE',
      message: /at most 16777216/,
    },
    {
      name: 'of what is no image',
      serve: (registry: MemoryRegistry) => {
        const config = {
          ...registry.addBlob('team/app', Buffer.from('{}')),
          mediaType: 'application/vnd.cncf.helm.config.v1+json',
        };
        registry.addManifest('team/app', '1', {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociManifest,
          config: descriptorToJson(config),
          layers: [],
        });
      },
      code: 'UNSUPPORTED',
      message: 'Encountered remote "application/vnd.cncf.helm.config.v1+json"(unknown) when fetching',
    },
  ])('are refused $name, and nothing is left', async ({ serve, code, message }) => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serve(registry);
    const engine = sandbox.engine();
    await expect(engine.pull({ ref: nameAt(registry, 'team/app:1') })).rejects.toMatchObject({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
    expect(await engine.images({ all: true })).toEqual([]);
    expect(sandbox.files('tocs')).toEqual([]);
    expect(sandbox.files('ingests')).toEqual([]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('that are foreign come from the registry, else from where the manifest says', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const layer = { ...layerOf({ a: 'a' }), mediaType: MEDIA_TYPES.dockerForeignLayer };
    const { digest } = registry.addBlob('elsewhere', layer.blob);
    const ref = nameAt(registry, 'team/app:1');
    const engine = sandbox.engine();
    serveMade(registry, [{ ...layer, urls: ['http://127.0.0.1:1/layer'] }]);
    const { imageId } = await engine.pull({ ref });
    await engine.remove({ image: imageId });
    const elsewhere = nameAt(registry, 'team/foreign:1');
    serveForeign(registry, layer, ['http://127.0.0.1:1/layer']);
    await expect(engine.pull({ ref: elsewhere })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('http://127.0.0.1:1/layer'),
    });
    serveForeign(registry, layer, [`http://${registry.host}/v2/elsewhere/blobs/${digest}`]);
    expect((await engine.pull({ ref: elsewhere })).status).toBe('downloaded');
  });
});

/** Serves an image whose one layer is not in its repository. */
function serveForeign(
  registry: MemoryRegistry,
  { blob, mediaType, diffID }: MadeLayer,
  urls: string[],
): void {
  const { config } = serveMade(registry, [], [diffID]);
  const layer = { mediaType, digest: digestOfBytes(blob), size: blob.length, urls };
  const manifest = makeManifest(config.descriptor, [layer]);
  registry.addManifest('team/foreign', '1', manifest.bytes, manifest.descriptor.mediaType);
  registry.addBlob('team/foreign', config.bytes);
}
