import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobPath } from '../content/store-paths.ts';
import { hostPlatform } from '../platform.ts';
import { EngineSandbox, nameAt, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { loseMetadata, PULLED_IMAGE, type PulledStore, pulled } from '../testing/pulled-store.ts';
import type { Fault } from './engine.ts';
import { openRegistryService } from './service/open-registry-service.ts';

const HOST = hostPlatform(process.platform, process.arch);
const LAYER = PULLED_IMAGE.layers[1]!.descriptor.digest;
const CONFIG = PULLED_IMAGE.image.config.descriptor.digest;
const DAY_MS = 24 * 3600 * 1000;

function flipByte(path: string, at = 20): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

const kindsOf = (faults: readonly Fault[]) => faults.map(({ kind, subject }) => `${kind} ${subject}`);

describe("the layout's index", () => {
  test.each([
    {
      name: 'names nothing',
      harm: (path: string) => writeFileSync(path, '{"schemaVersion":2,"manifests":[]}'),
    },
    { name: 'is no JSON', harm: (path: string) => writeFileSync(path, '{') },
    { name: 'is gone', harm: (path: string) => rmSync(path) },
  ])('is written again when it $name', async ({ harm }) => {
    await using store = await pulled();
    const path = join(store.sandbox.root, 'index.json');
    const sound = readFileSync(path);
    harm(path);
    expect(await store.engine.check()).toMatchObject({ faults: [{ kind: 'index-stale' }] });
    expect((await store.engine.check({ repair: true })).faults).toMatchObject([
      { repaired: 'written again' },
    ]);
    expect(readFileSync(path)).toEqual(sound);
    expect(await store.engine.check()).toMatchObject({ faults: [] });
  });

  test('gives lost metadata its names back, and a look alone changes nothing', async () => {
    await using store = await pulled();
    const [before] = await store.engine.images();
    const engine = await loseMetadata(store);
    const path = join(store.sandbox.root, 'index.json');
    const sound = readFileSync(path);
    for (let round = 0; round < 2; round++)
      expect(kindsOf((await engine.check()).faults)).toEqual([
        expect.stringMatching(/^metadata-missing .*team\/app:1$/),
        expect.stringMatching(/^metadata-missing .*team\/app@sha256:/),
      ]);
    expect(readFileSync(path)).toEqual(sound);
    const { faults, images } = await engine.check({ repair: true });
    expect(faults.map(({ repaired }) => repaired)).toEqual(Array(2).fill('read into the metadata again'));
    expect(images).toBe(1);
    expect(await engine.images()).toEqual([before]);
    expect(readFileSync(path)).toEqual(sound);
    expect(await engine.check()).toMatchObject({ faults: [] });
    expect(await engine.pull({ ref: store.ref })).toMatchObject({ status: 'up-to-date' });
  });

  test('survives the start of a registry service on lost metadata', async () => {
    await using store = await pulled();
    const engine = await loseMetadata(store);
    await (await openRegistryService({ root: store.sandbox.root, env: {} })).close();
    expect((await engine.check({ repair: true })).faults).toHaveLength(2);
    expect(await engine.images()).toHaveLength(1);
  });

  test('keeps lost names through what is named since, until a repair', async () => {
    await using store = await pulled();
    const [before] = await store.engine.images();
    const engine = await loseMetadata(store);
    const other = makeImageFixture({ platform: HOST, layers: [{ other: 'other' }] });
    serveImage(store.registry, 'team/other', '1', other);
    await engine.pull({ ref: nameAt(store.registry, 'team/other:1') });
    expect(await engine.images()).toHaveLength(1);
    await engine.remove({ image: other.image.config.descriptor.digest });
    const { faults } = await engine.check({ repair: true });
    expect(kindsOf(faults)).toEqual([
      expect.stringMatching(/^metadata-missing .*team\/app:1$/),
      expect.stringMatching(/^metadata-missing .*team\/app@sha256:/),
    ]);
    expect(await engine.images()).toEqual([before]);
    expect(await engine.check({ repair: true })).toMatchObject({ faults: [], images: 1 });
  });

  test('does not claim a name back whose layer is bad', async () => {
    await using store = await pulled();
    const engine = await loseMetadata(store);
    flipByte(blobPath(store.sandbox.root, LAYER));
    const { faults } = await engine.check({ repair: true });
    const missing = faults.filter(({ kind }) => kind === 'metadata-missing');
    expect(missing.map(({ repaired }) => repaired)).toEqual([undefined, undefined]);
    expect(kindsOf(faults)).toContain(`blob-corrupt ${LAYER}`);
    expect(await engine.check()).toMatchObject({ faults: [], images: 0 });
    await engine.pull({ ref: store.ref });
    expect(await engine.check()).toMatchObject({ faults: [], images: 1 });
  });

  test('that cannot be read is told of when the metadata is lost as well', async () => {
    await using store = await pulled();
    const engine = await loseMetadata(store);
    writeFileSync(join(store.sandbox.root, 'index.json'), '{');
    expect(await engine.check()).toMatchObject({ faults: [{ kind: 'index-stale' }] });
    const { faults } = await engine.check({ repair: true });
    expect(faults).toMatchObject([{ kind: 'index-stale', repaired: 'written again' }]);
    expect(await engine.check()).toMatchObject({ faults: [] });
  });

  test('brings no image back that was removed by a process killed on the way', async () => {
    await using store = await pulled();
    store.sandbox.store().metadata.deleteImage(CONFIG);
    expect(await store.engine.check({ repair: true })).toMatchObject({ faults: [], images: 0 });
    expect(store.sandbox.files('blobs')).toEqual([]);
  });
});

describe('what no image needs', () => {
  const stray = Buffer.from('named by a registry alone');

  async function pushed({ sandbox }: Pick<PulledStore, 'sandbox'>): Promise<string> {
    const store = sandbox.store();
    await using writer = await store.blobs.begin('stray');
    await writer.write(stray);
    const { digest } = await writer.commit();
    return blobPath(sandbox.root, digest);
  }

  test('goes with a repair, unless the metadata was lost', async () => {
    await using store = await pulled();
    const path = await pushed(store);
    await store.engine.check();
    expect(existsSync(path)).toBe(true);
    await store.engine.check({ repair: true });
    expect(existsSync(path)).toBe(false);
  });

  test('stays in the repair that reads lost names in', async () => {
    await using store = await pulled();
    const path = await pushed(store);
    const engine = await loseMetadata(store);
    await engine.check({ repair: true });
    expect(existsSync(path)).toBe(true);
  });

  test('stays when the lost metadata named no image at all', async () => {
    await using sandbox = new EngineSandbox();
    await (await openRegistryService({ root: sandbox.root, env: {} })).close();
    const path = await pushed({ sandbox });
    const engine = sandbox.engine();
    await engine.images();
    const lost = await loseMetadata({ sandbox, engine });
    await lost.check();
    await lost.check({ repair: true });
    expect(existsSync(path)).toBe(true);
  });

  test('includes a download that nobody went on with for a day', async () => {
    await using store = await pulled();
    const under = store.sandbox.store();
    for (const key of ['old', 'young']) {
      await using writer = await under.blobs.begin(key);
      await writer.write(stray);
    }
    const then = new Date(Date.now() - 2 * DAY_MS);
    utimesSync(join(store.sandbox.root, 'ingests/old/data'), then, then);
    expect(await store.engine.check({ repair: true })).toMatchObject({ faults: [] });
    expect(store.sandbox.files('ingests').filter((path) => path.endsWith('data'))).toEqual([
      join('ingests', 'young', 'data'),
    ]);
  });
});
