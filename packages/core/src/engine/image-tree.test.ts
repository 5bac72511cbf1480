import { describe, expect, test } from 'vitest';
import { familiarName, parseReference } from '../reference.ts';
import { EngineSandbox, serveImage } from '../testing/engine-sandbox.ts';
import type { ImageFixture } from '../testing/image-fixtures.ts';
import {
  HOST,
  imageIdOf,
  MULTI_INDEX,
  OLD_ARM,
  OTHER,
  pulledForAll,
  VARIANTS,
} from '../testing/multi-platform.ts';
import { storeContainer } from '../testing/stored-container.ts';

/** Bytes of all that the images consist of, each blob once. */
function bytesOf(...fixtures: readonly ImageFixture[]): number {
  const blobs = new Map(fixtures.flatMap((fixture) => [...fixture.blobs]));
  return [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0);
}

describe('the tree of images', () => {
  test('lists an index with the images for its platforms, in its order', async () => {
    await using held = await pulledForAll();
    const { engine, ref, sandbox } = held;
    const name = familiarName(ref);
    await engine.tag({ source: name, target: parseReference('copy:1') });
    await engine.remove({ image: name, platforms: [OTHER], force: true });
    await engine.pin(imageIdOf(VARIANTS.oldArm));
    storeContainer(sandbox.store(), { name: 'c', imageId: imageIdOf(VARIANTS.host) });
    const all = bytesOf(VARIANTS.host, VARIANTS.oldArm) + MULTI_INDEX.bytes.length;
    const sizesOf = (fixture: ImageFixture) => ({
      id: imageIdOf(fixture),
      manifest: expect.objectContaining({ digest: fixture.image.manifest.descriptor.digest }),
      diskBytes: bytesOf(fixture),
      contentBytes: bytesOf(fixture),
    });
    const tree = {
      names: [name, 'copy:1'].sort(),
      id: imageIdOf(VARIANTS.host),
      target: expect.objectContaining({ size: MULTI_INDEX.bytes.length }),
      diskBytes: all,
      contentBytes: all,
      isPinned: true,
      isInUse: true,
      variants: [
        {
          platform: OTHER,
          manifest: expect.anything(),
          diskBytes: 0,
          contentBytes: 0,
          isPinned: false,
          isInUse: false,
        },
        { platform: HOST, ...sizesOf(VARIANTS.host), isPinned: false, isInUse: true },
        { platform: OLD_ARM, ...sizesOf(VARIANTS.oldArm), isPinned: true, isInUse: false },
      ],
    };
    expect(await engine.imageTree()).toEqual([tree]);
    expect(await engine.imageTree({ all: true })).toEqual([tree]);
    expect(await engine.imageTree({ pattern: 'copy' })).toEqual([{ ...tree, names: ['copy:1'] }]);
    expect(await engine.imageTree({ pattern: 'nosuch' })).toEqual([]);
  });

  test('lists an image by itself under its platform, and one without a tag with all alone', async () => {
    await using held = await pulledForAll();
    await using sandbox = new EngineSandbox();
    const target = serveImage(held.registry, 'team/plain', '1', VARIANTS.host);
    const engine = sandbox.engine();
    await engine.pull({ ref: parseReference(`${held.registry.host}/team/plain@${target.digest}`) });
    expect(await engine.imageTree()).toEqual([]);
    expect(await engine.imageTree({ all: true })).toMatchObject([
      { names: [], variants: [{ platform: HOST, id: imageIdOf(VARIANTS.host) }] },
    ]);
    await using empty = new EngineSandbox();
    expect(await empty.engine().imageTree()).toEqual([]);
  });
});

describe('the sizes of images', () => {
  test('tell what a pull transfers, what the store has of an image, and what no other needs', async () => {
    await using held = await pulledForAll();
    const { engine, sandbox } = held;
    const rows = await engine.images({ all: true, sizes: true });
    for (const fixture of Object.values(VARIANTS)) {
      const [base] = fixture.layers;
      const { sizes } = rows.find(({ id }) => id === imageIdOf(fixture))!;
      expect(sizes).toEqual({
        transferBytes: bytesOf(fixture),
        diskBytes: bytesOf(fixture),
        uniqueBytes: bytesOf(fixture) - base!.descriptor.size,
      });
    }
    const { metadata } = sandbox.store();
    const { manifest } = VARIANTS.other.image;
    metadata.putManifest('app', { descriptor: manifest.descriptor, children: [] }, ['1']);
    const again = await engine.images({ all: true, sizes: true });
    expect(again.find(({ id }) => id === imageIdOf(VARIANTS.other))!.sizes!.uniqueBytes).toBe(0);
    expect((await engine.images())[0]!.sizes).toBeUndefined();
  });

  test('count an image whose layers came plain as it lies there', async () => {
    await using held = await pulledForAll();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const from = held.engine.save({
      images: [familiarName(held.ref)],
      platforms: [HOST],
      uncompressed: true,
    });
    await engine.load({ from });
    const [row] = await engine.images({ sizes: true });
    const { transferBytes, diskBytes, uniqueBytes } = row!.sizes!;
    expect(transferBytes).toBe(diskBytes);
    expect(uniqueBytes).toBe(diskBytes);
    expect(diskBytes).toBeGreaterThan(bytesOf(VARIANTS.host));
  });
});
