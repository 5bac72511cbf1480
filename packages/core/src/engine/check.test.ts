import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobPath, tocPath } from '../content/store-paths.ts';
import type { Digest } from '../digest.ts';
import { familiarName } from '../reference.ts';
import { EngineSandbox, requestsOf } from '../testing/engine-sandbox.ts';
import { PULLED_IMAGE, PULLED_INDEX, pulled } from '../testing/pulled-store.ts';
import type { Fault } from './engine.ts';

const LAYER = PULLED_IMAGE.layers[1]!.descriptor.digest;
const MANIFEST = PULLED_IMAGE.image.manifest.descriptor.digest;
const CONFIG = PULLED_IMAGE.image.config.descriptor.digest;
const INDEX = PULLED_INDEX.descriptor.digest;
const DAY_MS = 24 * 3600 * 1000;

function flipByte(path: string, at = 20): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

const kindsOf = (faults: readonly Fault[]) => faults.map(({ kind, subject }) => `${kind} ${subject}`);

test('counts what a sound store holds', async () => {
  await using store = await pulled();
  const bytes = [...PULLED_IMAGE.blobs.values(), PULLED_INDEX.bytes].reduce(
    (sum, { length }) => sum + length,
    0,
  );
  expect(await store.engine.check()).toEqual({ faults: [], blobs: 5, bytes, images: 1 });
  expect((await store.engine.check({ repair: true })).faults).toEqual([]);
  expect(await store.engine.pull({ ref: store.ref })).toMatchObject({ status: 'up-to-date' });
});

test('finds nothing wrong with a store that is not there, and makes none', async () => {
  await using sandbox = new EngineSandbox();
  expect(await sandbox.engine().check()).toEqual({ faults: [], blobs: 0, bytes: 0, images: 0 });
  expect(existsSync(join(sandbox.root, 'index.json'))).toBe(false);
});

test('stops when it is told to', async () => {
  await using store = await pulled();
  const checking = store.engine.check({}, { signal: AbortSignal.abort() });
  await expect(checking).rejects.toMatchObject({ code: 'CANCELLED' });
});

describe('content that is bad or gone', () => {
  const blob = (digest: Digest) => (root: string) => blobPath(root, digest);
  const toc = (root: string) => tocPath(root, LAYER);
  const remove = (path: string) => rmSync(path);
  const truncate = (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 30));
  const replace = (path: string) => writeFileSync(path, 'something else');
  const dropped = (digest: Digest) => [`blob-corrupt ${digest}`, `blob-missing ${digest}`];

  test.each([
    { name: 'a flipped byte in a layer', path: blob(LAYER), harm: flipByte, kind: 'blob-corrupt', of: LAYER },
    { name: 'a truncated layer', path: blob(LAYER), harm: truncate, kind: 'blob-corrupt', of: LAYER },
    {
      name: 'no layer at all behind its name',
      path: blob(LAYER),
      harm: replace,
      kind: 'blob-corrupt',
      of: LAYER,
    },
    {
      name: 'a flipped byte in a config',
      path: blob(CONFIG),
      harm: flipByte,
      kind: 'blob-corrupt',
      of: CONFIG,
    },
    {
      name: 'a flipped byte in a manifest',
      path: blob(MANIFEST),
      harm: flipByte,
      kind: 'blob-corrupt',
      of: MANIFEST,
    },
    {
      name: 'a flipped byte in an index',
      path: blob(INDEX),
      harm: flipByte,
      kind: 'blob-corrupt',
      of: INDEX,
    },
    { name: 'a missing layer', path: blob(LAYER), harm: remove, kind: 'blob-missing', of: LAYER },
    { name: 'a missing config', path: blob(CONFIG), harm: remove, kind: 'blob-missing', of: CONFIG },
    { name: 'a missing manifest', path: blob(MANIFEST), harm: remove, kind: 'blob-missing', of: MANIFEST },
    { name: 'a missing index', path: blob(INDEX), harm: remove, kind: 'blob-missing', of: INDEX },
  ] as const)('finds $name, and after a repair a pull brings it alone', async ({ path, harm, kind, of }) => {
    await using store = await pulled();
    const { engine, registry, ref } = store;
    harm(path(store.sandbox.root));
    const found = kindsOf((await engine.check()).faults);
    expect(found).toContain(`${kind} ${of}`);
    const repaired = kindsOf((await engine.check({ repair: true })).faults);
    expect(repaired.filter((fault) => fault.endsWith(of))).toEqual(
      kind === 'blob-corrupt' ? dropped(of) : [`${kind} ${of}`],
    );
    const [left] = (await engine.check()).faults;
    expect(left).toMatchObject({ kind: 'blob-missing', subject: of });
    expect(left?.message).toMatch(/pull the image again$/);
    const before = registry.requests.length;
    expect(await engine.pull({ ref })).toMatchObject({ imageId: CONFIG });
    expect(requestsOf(registry, before).filter((request) => request === 'GET blob')).toHaveLength(
      of === LAYER || of === CONFIG ? 1 : 0,
    );
    expect(existsSync(path(store.sandbox.root))).toBe(true);
    expect((await engine.check()).faults).toEqual([]);
  });

  test.each([
    { name: 'a missing TOC', harm: remove, kind: 'toc-missing' },
    { name: 'a flipped byte in a TOC', harm: flipByte, kind: 'toc-corrupt' },
    { name: 'an empty TOC', harm: (path: string) => writeFileSync(path, ''), kind: 'toc-corrupt' },
  ])('finds $name, and writes it again', async ({ harm, kind }) => {
    await using store = await pulled();
    const path = toc(store.sandbox.root);
    const sound = readFileSync(path);
    harm(path);
    expect(await store.engine.check()).toMatchObject({ faults: [{ kind, subject: LAYER }] });
    expect((await store.engine.check({ repair: true })).faults).toMatchObject([
      { kind, subject: LAYER, repaired: 'written again' },
    ]);
    expect(readFileSync(path)).toEqual(sound);
    expect(await store.engine.check()).toMatchObject({ faults: [] });
  });
});

describe('files that belong to nothing', () => {
  const ABSENT = 'f'.repeat(64);

  test.each([
    { name: 'beside the database', path: 'notes.txt' },
    { name: 'of another algorithm', path: 'blobs/md5' },
    { name: 'among the blobs', path: 'blobs/sha256/notes.txt' },
    { name: 'that is a TOC without its blob', path: `tocs/sha256/${ABSENT}` },
    { name: 'that a process of old left in tmp', path: 'tmp/old', ageMs: 2 * DAY_MS },
  ])('are found and removed: one $name', async ({ path, ageMs = 0 }) => {
    await using store = await pulled();
    const file = join(store.sandbox.root, path);
    writeFileSync(file, 'x');
    const then = new Date(Date.now() - ageMs);
    utimesSync(file, then, then);
    expect(await store.engine.check()).toMatchObject({ faults: [{ kind: 'stray-file', subject: path }] });
    expect(existsSync(file)).toBe(true);
    expect((await store.engine.check({ repair: true })).faults).toMatchObject([{ repaired: 'removed' }]);
    expect(existsSync(file)).toBe(false);
    expect(await store.engine.check()).toMatchObject({ faults: [] });
  });

  test('leaves what the file system has put there', async () => {
    await using store = await pulled();
    const directory = join(store.sandbox.root, 'lost+found');
    mkdirSync(directory);
    expect(await store.engine.check({ repair: true })).toMatchObject({ faults: [] });
    expect(existsSync(directory)).toBe(true);
  });

  test('leaves what a live process may be writing', async () => {
    await using store = await pulled();
    const file = join(store.sandbox.root, 'tmp', 'fresh');
    writeFileSync(file, 'x');
    expect(await store.engine.check({ repair: true })).toMatchObject({ faults: [] });
    expect(existsSync(file)).toBe(true);
  });
});

test('names the image whose content is gone as the user does', async () => {
  await using store = await pulled();
  rmSync(blobPath(store.sandbox.root, LAYER));
  const [fault] = (await store.engine.check()).faults.filter(({ kind }) => kind === 'blob-missing');
  expect(fault?.message).toContain(familiarName(store.ref));
});
