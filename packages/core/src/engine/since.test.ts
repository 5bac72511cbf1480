import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../bytes/collect.ts';
import { writeDockerArchive } from '../image/docker-archive-writer.ts';
import { parseIndex } from '../oci/index-document.ts';
import { parseReference } from '../reference.ts';
import { readTar } from '../tar/reader.ts';
import { EngineSandbox, nameAt } from '../testing/engine-sandbox.ts';
import { type ImageFixture, makeImageFixture, storeOf } from '../testing/image-fixtures.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { tarOf } from '../testing/tar-fixtures.ts';
import type { Engine, SaveRequest } from './engine.ts';

const FILES = [{ base: 'base' }, { one: 'one' }, { two: 'two' }];
const BASE = makeImageFixture({ names: ['base:1'], layers: FILES.slice(0, 1) });
const APP = makeImageFixture({ names: ['app:1'], layers: FILES });
const PLAIN_BASE = makeImageFixture({ names: ['base:1'], layers: FILES.slice(0, 1), uncompressed: true });

describe('save --since', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  beforeEach(async () => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    await load(engine, BASE, APP);
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  async function load(into: Engine, ...fixtures: ImageFixture[]): Promise<void> {
    for (const fixture of fixtures)
      await into.load({ from: writeDockerArchive([fixture.image], await storeOf([fixture])) });
  }

  async function archive(request: SaveRequest): Promise<Buffer> {
    return gather(engine.save(request));
  }

  /** The blobs in an archive, and those that it says it leaves out. */
  async function contents(bytes: Uint8Array): Promise<{ blobs: string[]; omitted: string[] }> {
    const blobs: string[] = [];
    let omitted: string[] = [];
    for await (const { entry, body } of readTar(sourceOf([bytes]))) {
      const name = Buffer.from(entry.name).toString();
      if (/^blobs\/sha256\/./.test(name)) blobs.push(`sha256:${name.slice('blobs/sha256/'.length)}`);
      if (name === 'index.json')
        omitted =
          parseIndex(await collect(body, 1 << 20)).annotations?.['dev.wherry.omitted']?.split(' ') ?? [];
    }
    return { blobs, omitted };
  }

  const layerOf = (fixture: ImageFixture, at: number) => fixture.layers[at]!.descriptor.digest;

  test('leaves out what an image has, and lists it', async () => {
    const { blobs, omitted } = await contents(await archive({ images: ['app:1'], since: ['base:1'] }));
    expect(omitted).toEqual([layerOf(APP, 0)]);
    const { manifest, config } = APP.image;
    const expected = [manifest.descriptor.digest, config.descriptor.digest, layerOf(APP, 1), layerOf(APP, 2)];
    expect(blobs.sort()).toEqual(expected.sort());
    const whole = await archive({ images: ['app:1'] });
    expect((await contents(whole)).omitted).toEqual([]);
    const other = makeImageFixture({ names: ['other:1'], layers: [{ other: 'other' }] });
    await load(engine, other);
    expect(await archive({ images: ['app:1'], since: ['other:1'] })).toEqual(whole);
  });

  test('takes archives of any kind and layout directories, by their path', async () => {
    const saved = await archive({ images: ['base:1'] });
    writeFileSync(sandbox.path('base.tar'), saved);
    writeFileSync(sandbox.path('plain.tar'), await archive({ images: ['base:1'], uncompressed: true }));
    mkdirSync(sandbox.path('layout'));
    for await (const { entry, body } of readTar(sourceOf([saved]))) {
      const path = sandbox.path('layout', Buffer.from(entry.name).toString());
      if (entry.type === 'directory') mkdirSync(path, { recursive: true });
      else if (!/manifest.json|repositories/.test(path)) writeFileSync(path, await gather(body));
    }
    await engine.remove({ image: 'base:1' });
    for (const name of ['base.tar', 'plain.tar', 'layout'])
      expect(await contents(await archive({ images: ['app:1'], since: [sandbox.path(name)] }))).toMatchObject(
        {
          omitted: [layerOf(APP, 0)],
        },
      );
  });

  test.each([
    { name: 'as they were, and keeps the manifest', base: BASE },
    { name: 'in another form, and names that', base: PLAIN_BASE },
  ])('gives an archive that loads where the layers are $name', async ({ base }) => {
    const bytes = await archive({ images: ['app:1'], since: ['base:1'] });
    await using registry = await startMemoryRegistry();
    await using other = new EngineSandbox();
    await load(other.engine(), base);
    const loaded = await other.engine().load({ from: sourceOf([bytes]) });
    expect(loaded).toMatchObject([{ ref: { tag: '1' }, id: APP.image.config.descriptor.digest }]);
    const facts = other.store().metadata.findImage(APP.image.config.descriptor.digest);
    expect(facts?.manifest.digest === APP.image.manifest.descriptor.digest).toBe(base === BASE);
    expect((await other.engine().check()).faults).toEqual([]);
    // What it rests on does not go with the image that brought it.
    await other.engine().remove({ image: 'base:1' });
    expect((await contents(await gather(other.engine().save({ images: ['app:1'] })))).omitted).toEqual([]);
    const ref = nameAt(registry, 'app:1');
    await other.engine().tag({ source: 'app:1', target: ref });
    await other.engine().push({ ref });
    await other.engine().remove({ image: facts!.id, force: true });
    expect(other.contents()).toEqual([]);
  });

  test('chains: an archive may be made since one that was made since another', async () => {
    const middle = makeImageFixture({ names: ['middle:1'], layers: FILES.slice(0, 2) });
    await load(engine, middle);
    writeFileSync(sandbox.path('middle.tar'), await archive({ images: ['middle:1'], since: ['base:1'] }));
    const top = await archive({ images: ['app:1'], since: [sandbox.path('middle.tar')] });
    expect((await contents(top)).omitted.sort()).toEqual([layerOf(APP, 0), layerOf(APP, 1)].sort());
    await using other = new EngineSandbox();
    await load(other.engine(), BASE);
    await other.engine().load({ from: sandbox.path('middle.tar') });
    await other.engine().load({ from: sourceOf([top]) });
    expect((await other.engine().check()).faults).toEqual([]);
  });

  test('works with plain layers, which are packed by the first push as ever', async () => {
    const bytes = await archive({ images: ['app:1'], since: ['base:1'], uncompressed: true });
    expect((await contents(bytes)).omitted).toEqual([APP.layers[0]!.diffID]);
    await using other = new EngineSandbox();
    await load(other.engine(), BASE);
    await other.engine().load({ from: sourceOf([bytes]) });
    await other.engine().convert({ image: 'app:1', compression: 'zstd', ref: parseReference('app:zstd') });
    expect((await other.engine().check()).faults).toEqual([]);
  });

  test('says what is missing where the layers are not, and changes nothing', async () => {
    const bytes = await archive({ images: ['app:1'], since: ['base:1'] });
    await using other = new EngineSandbox();
    const unrelated = makeImageFixture({ names: ['x:1'], layers: [{ x: 'x' }] });
    await load(other.engine(), unrelated);
    const before = [other.contents(), await other.engine().images()];
    await expect(other.engine().load({ from: sourceOf([bytes]) })).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: `layer ${layerOf(APP, 0)} is neither here nor in the archive: load the archive it was made since first`,
      details: { missing: [layerOf(APP, 0)] },
    });
    expect([other.contents(), await other.engine().images()]).toEqual(before);
  });

  test.each([
    {
      name: 'a path',
      since: './none.tar',
      code: 'FILE_NOT_FOUND',
      message: /^open \.\/none\.tar: no such file/,
    },
    {
      name: 'neither image nor file',
      since: 'none',
      code: 'IMAGE_UNKNOWN',
      message: /^No such image: none$/,
    },
    { name: 'no name either', since: 'None.tar', code: 'INVALID_REFERENCE', message: /lowercase/ },
  ])('says of $name that it is not there', async ({ since, code, message }) => {
    await expect(archive({ images: ['app:1'], since: [since] })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test.each([
    { name: 'no tar', bytes: Buffer.from('no tar at all'), message: /bad\.tar: unexpected EOF/ },
    {
      name: 'a tar of something else',
      bytes: tarOf({ name: 'x', type: 'file', content: 'x' }),
      message: /layers/,
    },
    {
      name: 'without its configs',
      bytes: tarOf({ name: 'manifest.json', type: 'file', content: '[{"Config":"c.json","Layers":[]}]' }),
      message: /c\.json/,
    },
  ])('refuses a file that is $name', async ({ bytes, message }) => {
    const path = sandbox.path('bad.tar');
    writeFileSync(path, bytes);
    await expect(archive({ images: ['app:1'], since: [path] })).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: expect.stringMatching(message),
    });
  });
});
