import { describe, expect, test } from 'vitest';
import { familiarName, parseReference } from '../../reference.ts';
import { nameAt, serveDocument, serveImage } from '../../testing/engine-sandbox.ts';
import { makeIndexFixture } from '../../testing/image-fixtures.ts';
import {
  HOST,
  imageIdOf,
  type MultiPlatform,
  OLD_ARM,
  OTHER,
  pulledForAll,
  serveAttestation,
  VARIANTS,
} from '../../testing/multi-platform.ts';
import type { RemovalEvent } from '../engine.ts';

const deletedIn = (events: readonly RemovalEvent[]) =>
  events.flatMap((event) => ('deleted' in event ? [event.deleted] : []));
const untaggedIn = (events: readonly RemovalEvent[]) =>
  events.flatMap((event) => ('untagged' in event ? [event.untagged] : []));

async function idsIn({ engine }: MultiPlatform): Promise<string[]> {
  return (await engine.images({ all: true })).map(({ id }) => id).sort();
}

describe('remove of platforms', () => {
  test('gives back what the image alone needed, and can be pulled again', async () => {
    await using held = await pulledForAll();
    const { engine, ref, sandbox } = held;
    const image = familiarName(ref);
    const before = sandbox.files('blobs').length;
    const events = await engine.remove({ image, platforms: [OTHER] });
    expect(untaggedIn(events)).toEqual([]);
    expect(deletedIn(events)[0]).toBe(imageIdOf(VARIANTS.other));
    expect(await idsIn(held)).toEqual([VARIANTS.host, VARIANTS.oldArm].map(imageIdOf).sort());
    // Manifest, config and the layer that no other image has.
    expect(sandbox.files('blobs')).toHaveLength(before - 3);
    expect((await engine.inspect(image)).Id).toBe(imageIdOf(VARIANTS.host));
    expect((await engine.check({ repair: true })).faults).toEqual([]);
    await engine.pull({ ref, allPlatforms: true });
    expect(sandbox.files('blobs')).toHaveLength(before);
    expect((await engine.check()).faults).toEqual([]);
    await engine.remove({ image });
    expect(sandbox.contents()).toEqual([]);
  });

  test('lets the name show another image when the one it showed goes', async () => {
    await using held = await pulledForAll();
    const { engine, ref } = held;
    const image = familiarName(ref);
    await engine.remove({ image, platforms: [HOST] });
    expect([VARIANTS.other, VARIANTS.oldArm].map(imageIdOf)).toContain((await engine.inspect(image)).Id);
    await engine.remove({ image, platforms: [OLD_ARM] });
    expect((await engine.inspect(image)).Id).toBe(imageIdOf(VARIANTS.other));
    expect((await engine.inspect(image)).RepoDigests).toHaveLength(1);
    await expect(engine.remove({ image, platforms: [HOST] })).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
    });
    expect((await engine.check()).faults).toEqual([]);
    expect((await engine.pull({ ref })).imageId).toBe(imageIdOf(VARIANTS.host));
  });

  test.each([
    { name: 'all at once', rounds: [[HOST, OTHER, OLD_ARM]] },
    { name: 'one after the other', rounds: [[OTHER], [HOST], [OLD_ARM]] },
  ])('takes the name with the last image: $name', async ({ rounds }) => {
    await using held = await pulledForAll();
    const image = familiarName(held.ref);
    let last: RemovalEvent[] = [];
    for (const platforms of rounds) last = await held.engine.remove({ image, platforms });
    expect(untaggedIn(last)[0]).toBe(image);
    expect(held.sandbox.contents()).toEqual([]);
  });

  test('asks for force when another repository has the image too', async () => {
    await using held = await pulledForAll();
    const { engine } = held;
    const image = familiarName(held.ref);
    await engine.tag({ source: image, target: parseReference('copy:1') });
    await expect(engine.remove({ image, platforms: [OTHER] })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(
        /^conflict: unable to delete [0-9a-f]{12} \(must be forced\) - image is referenced in multiple repositories$/,
      ),
      hint: 'copy:1 leads to it too: take it from both with: wherry rmi -f',
    });
    await engine.remove({ image, platforms: [HOST], force: true });
    expect((await engine.inspect('copy:1')).Id).toBe((await engine.inspect(image)).Id);
  });

  test('asks for force when the image is pinned', async () => {
    await using held = await pulledForAll();
    const { engine } = held;
    const image = familiarName(held.ref);
    await engine.pin(imageIdOf(VARIANTS.other));
    await expect(engine.remove({ image, platforms: [OTHER] })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await idsIn(held)).toHaveLength(3);
    await engine.remove({ image, platforms: [OTHER], force: true });
    expect(await idsIn(held)).toHaveLength(2);
  });

  test('takes along what attests to the image, and nothing else of the index', async () => {
    await using held = await pulledForAll();
    const { engine, registry, sandbox } = held;
    const fixtures = [VARIANTS.host, VARIANTS.other];
    for (const fixture of fixtures) serveImage(registry, 'attested', '', fixture);
    const attestations = fixtures.map(({ image }) =>
      serveAttestation(registry, 'attested', image.manifest.descriptor.digest),
    );
    const images = [
      { fixture: VARIANTS.host, platform: HOST },
      { fixture: VARIANTS.other, platform: OTHER },
    ];
    serveDocument(registry, 'attested', '1', makeIndexFixture(images, attestations));
    const ref = nameAt(registry, 'attested:1');
    await engine.remove({ image: familiarName(held.ref) });
    await engine.pull({ ref, allPlatforms: true });
    const blobs = () => sandbox.files('blobs').length;
    // The index, the layer and the attestations' config that are shared; of each image and attestation the rest.
    const [common, ofImage, ofAttestation] = [3, 3, 2];
    expect(blobs()).toBe(common + 2 * (ofImage + ofAttestation));
    await engine.remove({ image: familiarName(ref), platforms: [OTHER] });
    expect(blobs()).toBe(common + ofImage + ofAttestation);
    expect((await engine.check({ repair: true })).faults).toEqual([]);
    expect(blobs()).toBe(common + ofImage + ofAttestation);
  });

  test('leaves the registry service what it has', async () => {
    await using held = await pulledForAll();
    const { engine, sandbox } = held;
    const { metadata } = sandbox.store();
    const [name] = metadata.listNames();
    const { digest } = VARIANTS.other.image.manifest.descriptor;
    const children = [...metadata.descendants([name!.target.digest])];
    metadata.putManifest('team/app', { descriptor: name!.target, children }, ['1']);
    const before = sandbox.files('blobs');
    await engine.remove({ image: familiarName(held.ref), platforms: [OTHER] });
    expect(await idsIn(held)).toHaveLength(2);
    expect(sandbox.files('blobs')).toEqual(before);
    expect(metadata.descendants([name!.target.digest])).toContain(digest);
  });
});
