import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { collect } from '../../bytes/collect.ts';
import { familiarName } from '../../reference.ts';
import { EngineSandbox, nameAt } from '../../testing/engine-sandbox.ts';
import { startMemoryRegistry } from '../../testing/memory-registry.ts';
import {
  HOST,
  imageIdOf,
  MULTI_INDEX,
  OLD_ARM,
  OTHER,
  pulledForAll,
  VARIANTS,
} from '../../testing/multi-platform.ts';
import type { Engine, SaveRequest } from '../engine.ts';

const ABSENT = { os: 'linux', architecture: 'riscv64' };
const MAX_ARCHIVE_BYTES = 1 << 20;

describe('inspect and history for a platform', () => {
  test.each([
    { platform: HOST, fixture: VARIANTS.host },
    { platform: OTHER, fixture: VARIANTS.other },
    { platform: OLD_ARM, fixture: VARIANTS.oldArm },
  ])('show the image for $platform.architecture under the names of its index', async (row) => {
    await using held = await pulledForAll();
    const name = familiarName(held.ref);
    const { platform } = row;
    const inspected = await held.engine.inspect(name, { platform });
    expect(inspected.Id).toBe(imageIdOf(row.fixture));
    expect(inspected.RepoTags).toEqual([name]);
    expect(inspected.RepoDigests).toHaveLength(1);
    expect((await held.engine.history(name, { platform }))[0]!.id).toBe(imageIdOf(row.fixture));
  });

  test('say what there is when the platform is not', async () => {
    await using held = await pulledForAll();
    const name = familiarName(held.ref);
    for (const platform of [ABSENT, { ...OLD_ARM, variant: 'v7' }])
      await expect(held.engine.inspect(name, { platform })).rejects.toMatchObject({
        code: 'PLATFORM_UNKNOWN',
        message: expect.stringMatching(
          `image with reference ${name} was found but does not provide the specified platform \\(linux/(riscv64|arm/v7)\\)`,
        ),
        hint: `it is here for linux/${OTHER.architecture}, linux/${HOST.architecture}, linux/arm/v6`,
      });
  });

  test('take an ID for its image alone', async () => {
    await using held = await pulledForAll();
    const id = imageIdOf(VARIANTS.other);
    expect((await held.engine.inspect(id, { platform: OTHER })).Id).toBe(id);
    await expect(held.engine.history(id, { platform: HOST })).rejects.toMatchObject({
      message: expect.stringContaining(`image with reference ${id} was found but`),
    });
  });

  test('do not take an image that was never pulled for one that is here', async () => {
    await using held = await pulledForAll();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.pull({ ref: held.ref });
    await expect(engine.inspect(familiarName(held.ref), { platform: OTHER })).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
      hint: `it is here for linux/${HOST.architecture}`,
    });
  });
});

describe('push of a platform', () => {
  test("sends the one image's manifest, and nothing of the others", async () => {
    await using held = await pulledForAll();
    await using target = await startMemoryRegistry();
    const { engine } = held;
    const ref = nameAt(target, 'team/copy:1');
    await engine.tag({ source: familiarName(held.ref), target: ref });
    const { manifest } = VARIANTS.oldArm.image;
    expect((await engine.push({ ref, platform: OLD_ARM })).target.digest).toBe(manifest.descriptor.digest);
    await using second = new EngineSandbox();
    const result = await second.engine().pull({ ref });
    expect(result.imageId).toBe(imageIdOf(VARIANTS.oldArm));
    expect((await engine.pushAllTags({ repository: ref, platform: HOST }))[0]!.target.digest).toBe(
      VARIANTS.host.image.manifest.descriptor.digest,
    );
    expect((await engine.inspect(imageIdOf(VARIANTS.oldArm))).RepoDigests).toEqual([]);
    await expect(engine.push({ ref, platform: ABSENT })).rejects.toMatchObject({ code: 'PLATFORM_UNKNOWN' });
  });
});

async function saved(engine: Engine, request: SaveRequest): Promise<Uint8Array> {
  return await collect(engine.save(request), MAX_ARCHIVE_BYTES);
}

/** What a store that loads the archive holds: images under their names. */
async function loadedFrom(archive: Uint8Array, platforms?: (typeof HOST)[]) {
  await using sandbox = new EngineSandbox();
  const engine = sandbox.engine();
  const path = sandbox.path('archive.tar');
  writeFileSync(path, archive);
  const loaded = await engine.load({ from: path, ...(platforms && { platforms }) });
  const images = await engine.images();
  const { faults } = await engine.check();
  return {
    loaded: loaded.map(({ id }) => id),
    ids: images.map(({ id }) => id).sort(),
    target: sandbox.store().metadata.listNames()[0]?.target.digest,
    blobs: sandbox.files('blobs').length,
    faults,
  };
}

describe('save of platforms', () => {
  test('writes one as an image by itself', async () => {
    await using held = await pulledForAll();
    const images = [familiarName(held.ref)];
    for (const uncompressed of [false, true]) {
      const found = await loadedFrom(await saved(held.engine, { images, platforms: [OTHER], uncompressed }));
      expect(found).toMatchObject({ ids: [imageIdOf(VARIANTS.other)], blobs: 4, faults: [] });
      if (!uncompressed) expect(found.target).toBe(VARIANTS.other.image.manifest.descriptor.digest);
    }
  });

  test.each(['tag', 'digest'])('writes several with their index, meant by %s', async (kind) => {
    await using held = await pulledForAll();
    const byDigest = `${held.registry.host}/team/app@${MULTI_INDEX.descriptor.digest}`;
    const images = [kind === 'tag' ? familiarName(held.ref) : byDigest];
    const platforms = [OLD_ARM, HOST, HOST];
    const found = await loadedFrom(await saved(held.engine, { images, platforms }));
    expect(found).toMatchObject({
      loaded: [imageIdOf(VARIANTS.host)],
      ids: [VARIANTS.host, VARIANTS.oldArm].map(imageIdOf).sort(),
      faults: [],
    });
    if (kind === 'tag') expect(found.target).toBe(MULTI_INDEX.descriptor.digest);
  });

  test('refuses before the first byte what it cannot write', async () => {
    await using held = await pulledForAll();
    const images = [familiarName(held.ref)];
    await expect(saved(held.engine, { images, platforms: [HOST, ABSENT] })).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
    });
    await expect(
      saved(held.engine, { images, platforms: [HOST, OTHER], uncompressed: true }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('load of platforms', () => {
  test('keeps those of an index that are wanted, and nothing of the others', async () => {
    await using held = await pulledForAll();
    const archive = await saved(held.engine, { images: [familiarName(held.ref)] });
    const one = await loadedFrom(archive, [OLD_ARM]);
    expect(one).toMatchObject({ loaded: [imageIdOf(VARIANTS.oldArm)], ids: [imageIdOf(VARIANTS.oldArm)] });
    expect(one).toMatchObject({ target: MULTI_INDEX.descriptor.digest, faults: [] });
    // The index, its three manifests, and of one image the config and two layers.
    expect(one.blobs).toBe(7);
    const two = await loadedFrom(archive, [OTHER, HOST]);
    expect(two.loaded).toEqual([imageIdOf(VARIANTS.host)]);
    expect(two.ids).toEqual([VARIANTS.host, VARIANTS.other].map(imageIdOf).sort());
  });

  test('names nothing and keeps nothing when one is missing', async () => {
    await using held = await pulledForAll();
    const archive = await saved(held.engine, { images: [familiarName(held.ref)], platforms: [HOST] });
    await using sandbox = new EngineSandbox();
    const path = sandbox.path('archive.tar');
    writeFileSync(path, archive);
    await expect(sandbox.engine().load({ from: path, platforms: [HOST, OTHER] })).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
      message: `image with reference ${familiarName(held.ref)} was found but does not provide the specified platform (linux/${OTHER.architecture})`,
    });
    expect(sandbox.contents()).toEqual([]);
  });
});
