import { describe, expect, test } from 'vitest';
import { EngineSandbox, nameAt, requestsOf, serveDocument, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { type MemoryRegistryOptions, startMemoryRegistry } from '../testing/memory-registry.ts';

const PLATFORMS = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));

/** A registry with an index of two platforms under `app:1` and `app:2`, and an engine that knows nothing. */
async function setUp(options: MemoryRegistryOptions = {}) {
  const registry = await startMemoryRegistry(options);
  const images = PLATFORMS.map((platform) => ({ platform, fixture: makeImageFixture({ platform }) }));
  for (const { fixture } of images) serveImage(registry, 'app', '', fixture);
  const index = makeIndexFixture(images);
  for (const tag of ['1', '2']) serveDocument(registry, 'app', tag, index);
  const sandbox = new EngineSandbox();
  const dispose = async () => {
    await sandbox[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  };
  return { registry, images, index, sandbox, engine: sandbox.engine(), [Symbol.asyncDispose]: dispose };
}

describe('tagRemote', () => {
  test('writes the manifest once more in the same repository', async () => {
    await using at = await setUp();
    const { registry, engine, index } = at;
    const target = nameAt(registry, 'app:stable');
    expect(await engine.tagRemote({ source: nameAt(registry, 'app:1'), target })).toEqual(index.descriptor);
    expect(requestsOf(registry)).toEqual(['GET manifest', 'PUT manifest']);
    expect(registry.tags('app')).toEqual(['1', '2', 'stable']);
    expect(at.sandbox.contents()).toEqual([]);
  });

  test('mounts what another repository needs', async () => {
    await using at = await setUp();
    const { registry, engine, index, images } = at;
    await engine.tagRemote({ source: nameAt(registry, 'app:1'), target: nameAt(registry, 'prod/app:1') });
    expect(registry.manifest('prod/app', '1')).toEqual(Buffer.from(index.bytes));
    for (const { fixture } of images)
      expect(registry.hasBlob('prod/app', fixture.image.config.descriptor.digest)).toBe(true);
    const sent = registry.requests.filter(
      ({ kind, method }) => kind === 'upload' || (kind === 'blob' && method === 'GET'),
    );
    expect(sent).toEqual([]);
  });

  test('sends no blob where the registry does not mount', async () => {
    await using at = await setUp({ refusesMounts: true });
    const { registry, engine } = at;
    const request = { source: nameAt(registry, 'app:1'), target: nameAt(registry, 'prod/app:1') };
    await expect(engine.tagRemote(request)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining(`wherry copy ${registry.host}/app:1 ${registry.host}/prod/app:1`),
    });
    expect(registry.tags('prod/app')).toEqual([]);
  });

  test('says that there is nothing to tag', async () => {
    await using at = await setUp();
    const { registry, engine } = at;
    const request = { source: nameAt(registry, 'app:0'), target: nameAt(registry, 'app:3') };
    await expect(engine.tagRemote(request)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });
});

describe('removeRemote', () => {
  test('deletes a tag alone', async () => {
    await using at = await setUp();
    const { registry, engine } = at;
    const ref = nameAt(registry, 'app:1');
    expect(await engine.removeRemote({ ref })).toEqual([{ untagged: `${registry.host}/app:1` }]);
    expect(registry.tags('app')).toEqual(['2']);
    await expect(engine.removeRemote({ ref })).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  test('deletes a manifest with its tags, by digest', async () => {
    await using at = await setUp();
    const { registry, engine, index } = at;
    const { digest } = index.descriptor;
    const ref = nameAt(registry, `app@${digest}`);
    expect(await engine.removeRemote({ ref })).toEqual([{ deleted: digest }]);
    expect(registry.tags('app')).toEqual([]);
    await expect(engine.removeRemote({ ref })).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  test('takes no other tag along unless it must, where tags cannot be deleted', async () => {
    await using at = await setUp({ deletes: 'digests' });
    const { registry, engine, images } = at;
    serveImage(registry, 'app', 'own', images[0]!.fixture);
    const own = await engine.removeRemote({ ref: nameAt(registry, 'app:own') });
    expect(own).toEqual([
      { untagged: `${registry.host}/app:own` },
      { deleted: images[0]!.fixture.image.manifest.descriptor.digest },
    ]);
    const ref = nameAt(registry, 'app:1');
    await expect(engine.removeRemote({ ref })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('other tags: 2'),
      details: { tags: ['2'] },
    });
    expect(registry.tags('app')).toEqual(['1', '2']);
    expect(await engine.removeRemote({ ref, force: true })).toHaveLength(3);
    expect(registry.tags('app')).toEqual([]);
  });

  test('asks for no list of tags where nothing can be deleted', async () => {
    await using at = await setUp({ deletes: 'nothing' });
    const { registry, engine, index } = at;
    for (const name of ['app:1', `app@${index.descriptor.digest}`])
      await expect(engine.removeRemote({ ref: nameAt(registry, name), force: true })).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('does not allow deletion'),
      });
    expect(requestsOf(registry)).not.toContain('GET tags');
  });

  test('does not guess what a name with tag and digest means', async () => {
    await using at = await setUp();
    const ref = nameAt(at.registry, `app:1@${at.index.descriptor.digest}`);
    await expect(at.engine.removeRemote({ ref })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('inspectRemote', () => {
  test.each(PLATFORMS)('describes the image of an index for $architecture', async (platform) => {
    await using at = await setUp();
    const { registry, engine, images, index } = at;
    const { image, layers } = images.find((each) => each.platform === platform)!.fixture;
    const found = await engine.inspectRemote({ ref: nameAt(registry, 'app:1'), platform });
    expect(found).toMatchObject({
      Id: image.config.descriptor.digest,
      RepoTags: [`${registry.host}/app:1`],
      RepoDigests: [`${registry.host}/app@${index.descriptor.digest}`],
      Created: '2021-08-31T01:20:48Z',
      Architecture: platform.architecture,
      Os: 'linux',
      Config: { Cmd: ['/bin/sh'], Env: null },
      RootFS: { Type: 'layers', Layers: layers.map(({ diffID }) => diffID) },
      CompressedSize: layers[0]!.descriptor.size,
      Descriptor: index.descriptor,
    });
    expect(found.Manifests?.map((entry) => entry.platform)).toEqual(PLATFORMS);
    expect(registry.bytesSentOf(layers[0]!.descriptor.digest)).toBe(0);
    expect(at.sandbox.contents()).toEqual([]);
  });

  test('says the same of a local image, apart from what a registry cannot know', async () => {
    await using at = await setUp();
    const { registry, engine } = at;
    const ref = nameAt(registry, 'app:1');
    await engine.pull({ ref });
    const { Size, VirtualSize, GraphDriver, Metadata, Container, ContainerConfig, ...local } =
      await engine.inspect(`${registry.host}/app:1`);
    expect(await engine.inspectRemote({ ref })).toMatchObject(local);
  });

  test.each([
    {
      name: 'no such platform',
      tag: '1',
      platform: { os: 'linux', architecture: 'riscv64' },
      code: 'PLATFORM_UNKNOWN',
    },
    {
      name: 'another platform',
      tag: 'amd64',
      platform: { os: 'linux', architecture: 'riscv64' },
      code: 'PLATFORM_UNKNOWN',
    },
    { name: 'no image', tag: 'artifact', platform: undefined, code: 'UNSUPPORTED' },
    { name: 'nothing', tag: 'nosuch', platform: undefined, code: 'MANIFEST_UNKNOWN' },
  ])('refuses a name that has $name', async ({ tag, platform, code }) => {
    await using at = await setUp();
    const { registry, engine, images } = at;
    serveImage(registry, 'app', 'amd64', images[0]!.fixture);
    const config = registry.addBlob('app', Buffer.from('{}'), 'application/vnd.example');
    registry.addManifest('app', 'artifact', { schemaVersion: 2, config, layers: [] });
    const ref = nameAt(registry, `app:${tag}`);
    await expect(engine.inspectRemote({ ref, ...(platform && { platform }) })).rejects.toMatchObject({
      code,
    });
  });

  test('believes no config that has another digest', async () => {
    await using at = await setUp({ faults: [{ on: 'GET blob', corrupt: true, times: 9 }] });
    await expect(at.engine.inspectRemote({ ref: nameAt(at.registry, 'app:1') })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});
