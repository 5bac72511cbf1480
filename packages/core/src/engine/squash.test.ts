import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tocPath } from '../content/store-paths.ts';
import type { Digest } from '../digest.ts';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { parseReference } from '../reference.ts';
import { readTar } from '../tar/reader.ts';
import { EngineSandbox, recorder } from '../testing/engine-sandbox.ts';
import { type ImageFixtureOptions, makeImageFixture, storeOf } from '../testing/image-fixtures.ts';
import type { Engine } from './engine.ts';
import { layerTar } from './layers/layer-entries.ts';

const LAYERS = [
  { 'etc/base': 'base', 'etc/old': 'old' },
  { 'app/one': 'one', 'app/gone': 'gone' },
  { 'app/.wh.gone': '', 'etc/.wh.old': '', 'app/one': 'one, changed' },
];

describe('squash', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  beforeEach(() => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  async function load(options: ImageFixtureOptions): Promise<Digest> {
    const fixture = makeImageFixture(options);
    const blobs = await storeOf([fixture]);
    await engine.load({ from: writeDockerArchive([fixture.image], blobs) });
    return fixture.image.config.descriptor.digest;
  }

  /** The files of an image's topmost layer. */
  async function top(image: string): Promise<string[]> {
    const store = sandbox.store();
    const facts = store.metadata.findImage((await engine.inspect(image)).Id as Digest);
    const digest = store.metadata.layersByDiffID(facts!.layers.at(-1)!.diffID)[0]!.digest;
    const names: string[] = [];
    for await (const { entry } of readTar(layerTar(store, digest)))
      names.push(Buffer.from(entry.name).toString());
    return names;
  }

  test('makes one layer of all, and leaves the image alone', async () => {
    const id = await load({ names: ['app:1'], layers: LAYERS, config: { Env: ['A=b'] } });
    const before = await engine.inspect('app:1');
    const result = await engine.squash({ image: 'app:1', ref: parseReference('app:flat') });
    const flat = await engine.inspect('app:flat');
    expect(flat.Id).toBe(result.id);
    expect(flat.RootFS).toMatchObject({ Layers: [expect.stringMatching(/^sha256:/)] });
    expect([flat.Created, flat.Config]).toEqual([before.Created, before.Config]);
    expect(await top('app:flat')).toEqual(['app/', 'etc/', 'etc/base', 'app/one']);
    expect(await engine.inspect('app:1')).toEqual(before);
    const history = await engine.history('app:flat');
    expect(history.map(({ createdBy, comment, size }) => [createdBy, comment, size])).toEqual([
      ['', `create new from ${id}`, 'base'.length + 'one, changed'.length],
      ['COPY 2', '', 0],
      ['COPY 1', '', 0],
      ['COPY 0', '', 0],
    ]);
    expect((await engine.check()).faults).toEqual([]);
  });

  test('gives the same image for the same image, and is its own with one layer', async () => {
    await load({ names: ['app:1'], layers: LAYERS });
    const { id } = await engine.squash({ image: 'app:1', ref: parseReference('flat:1') });
    await using other = new EngineSandbox();
    const fixture = makeImageFixture({ names: ['app:1'], layers: LAYERS, uncompressed: true });
    const there = other.engine();
    await there.load({ from: writeDockerArchive([fixture.image], await storeOf([fixture])) });
    expect(await there.squash({ image: 'app:1' })).toEqual({ id });
    expect(await engine.squash({ image: 'flat:1', ref: parseReference('flat:2') })).toEqual({ id });
    expect((await engine.inspect('flat:1')).RepoTags).toEqual(['flat:1', 'flat:2']);
  });

  test('keeps a base, by its name or its topmost layer, with whiteouts against it', async () => {
    const base = await load({ names: ['base:1'], layers: LAYERS.slice(0, 1) });
    const id = await load({ names: ['app:1'], layers: LAYERS });
    const request = { image: 'app:1', ref: parseReference('app:flat') };
    const result = await engine.squash({ ...request, from: 'base:1', message: 'all of it' });
    expect(await top('app:flat')).toEqual(['app/', 'etc/.wh.old', 'app/one']);
    expect((await engine.history('app:flat')).map(({ comment }) => comment)).toEqual([
      'all of it',
      '',
      '',
      '',
    ]);
    const [layer = ''] = ((await engine.inspect('base:1')).RootFS as { Layers: string[] }).Layers;
    for (const from of [layer, layer.slice(7, 19)])
      expect(await engine.squash({ ...request, from, message: 'all of it' })).toEqual(result);
    await engine.squash({ ...request, from: 'base:1' });
    expect((await engine.history('app:flat'))[0]?.comment).toBe(`merge ${id} to ${base}`);
    // The layer that stays is the base's own blob.
    const manifests = sandbox.store().metadata.listImages();
    const kept = new Set(manifests.map(({ layers }) => layers[0]?.digest));
    expect(kept.size).toBe(1);
  });

  test('refuses a base that it was not made from, and what is no tag', async () => {
    await load({ names: ['other:1'], layers: [{ other: 'other' }] });
    await load({ names: ['app:1'], layers: LAYERS });
    const files = sandbox.contents();
    await expect(engine.squash({ image: 'app:1', from: 'other:1' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^app:1 was not made from other:1: its layer 1 is sha256:/),
    });
    await expect(engine.squash({ image: 'app:1', from: 'none:1' })).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
    });
    const ref = parseReference(`app@sha256:${'0'.repeat(64)}`);
    await expect(engine.squash({ image: 'app:1', ref })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(sandbox.contents()).toEqual(files);
  });

  test.each([
    { name: 'lost', harm: (path: string) => rmSync(path) },
    { name: 'damaged', harm: (path: string) => writeFileSync(path, 'rubbish') },
  ])('does without a table of contents that is $name', async ({ harm }) => {
    await load({ names: ['app:1'], layers: LAYERS });
    const { id } = await engine.squash({ image: 'app:1' });
    const layers = sandbox.store().metadata.allLayers();
    for (const { digest } of layers) harm(tocPath(sandbox.root, digest));
    expect(await engine.squash({ image: 'app:1' })).toEqual({ id });
  });

  test('leaves nothing behind when it is cancelled or a layer is bad', async () => {
    await load({ names: ['app:1'], layers: [{ big: 'x'.repeat(3 << 20) }, { small: 'y' }] });
    const files = sandbox.contents();
    const controller = new AbortController();
    const { onProgress, events } = recorder();
    const squashing = engine.squash(
      { image: 'app:1' },
      {
        signal: controller.signal,
        onProgress: (event) => {
          onProgress(event);
          controller.abort();
        },
      },
    );
    await expect(squashing).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(events[0]).toMatchObject({ kind: 'layer', phase: 'merging' });
    expect(sandbox.contents()).toEqual(files);

    const store = sandbox.store();
    const { digest } = store.metadata.allLayers().find(({ tarSize }) => tarSize > 1 << 20)!;
    writeFileSync(store.blobs.pathOf(digest), 'no layer');
    await expect(engine.squash({ image: 'app:1' })).rejects.toMatchObject({ kind: 'corrupt' });
    expect(sandbox.contents()).toEqual(files);
  });

  test('goes like any other image', async () => {
    await load({ names: ['app:1'], layers: LAYERS });
    const { id } = await engine.squash({ image: 'app:1', ref: parseReference('app:flat') });
    await engine.remove({ image: 'app:1' });
    expect((await engine.check()).faults).toEqual([]);
    await engine.remove({ image: id });
    expect(sandbox.contents()).toEqual([]);
  });
});
