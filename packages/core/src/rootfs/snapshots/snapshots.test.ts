import { execFile, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../digest.ts';
import { digestHex } from '../../digest.ts';
import type { ProgressEvent } from '../../events.ts';
import { noise, sha256 } from '../../testing/layer-fixtures.ts';
import { type FixtureEntry, tarOf } from '../../testing/tar-fixtures.ts';
import type { SnapshotLayer } from './snapshot.ts';
import { Snapshots } from './snapshots.ts';

let root: string;
let snapshots: Snapshots;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-snapshots-'));
  mkdirSync(join(root, 'blobs/sha256'), { recursive: true });
  snapshots = new Snapshots(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function addLayer(...entries: FixtureEntry[]): SnapshotLayer {
  const tar = tarOf(...entries);
  return { diffID: sha256(tar), blob: addBlob(gzipSync(tar)) };
}

function addBlob(bytes: Uint8Array): Digest {
  const digest = sha256(bytes);
  writeFileSync(join(root, 'blobs/sha256', digestHex(digest)), bytes);
  return digest;
}

const place = (name: string) => join(root, 'snapshots', name);
const listed = () => readdirSync(place('')).filter((name) => name !== 'locks' && name !== 'uses');
const file = (name: string, body: string | Buffer = name) => ({
  name,
  type: 'file' as const,
  content: Buffer.from(body),
});

function largeLayer(): SnapshotLayer {
  return addLayer(...Array.from({ length: 10 }, (_, i) => file(`f${i}`, noise(64 * 1024, i + 1))));
}

describe('ensure', () => {
  test('unpacks layers once and shares them', async () => {
    const [one, two] = [addLayer(file('a')), addLayer(file('b'))];
    const phases: string[] = [];
    const onProgress = (event: ProgressEvent) =>
      event.kind === 'layer' && event.phase !== 'extracting' && phases.push(event.phase);
    await using first = await snapshots.ensure([one, two], { onProgress });
    await using second = await new Snapshots(root).ensure([two, one, two], { onProgress });
    expect(phases).toEqual(['done', 'done', 'exists', 'exists']);
    expect(second.snapshots.map(({ diffID }) => diffID)).toEqual([two.diffID, one.diffID, two.diffID]);
    const [snapshot] = first.snapshots;
    expect(readFileSync(join(snapshot?.directory ?? '', 'a'), 'utf8')).toBe('a');
    expect(listed()).toEqual([one, two].map(({ diffID }) => digestHex(diffID)).sort());
    expect(readdirSync(place('locks'))).toEqual([]);
  });

  test('unpacks large ones in threads, saying how far it is', async () => {
    const layers = [largeLayer(), addLayer(file('big', noise(600_000)))];
    const events: ProgressEvent[] = [];
    await using lease = await snapshots.ensure(layers, { onProgress: (event) => events.push(event) });
    expect(readdirSync(lease.snapshots[0]?.directory ?? '')).toHaveLength(10);
    const last = events.filter((event) => event.kind === 'layer' && event.phase === 'extracting').at(-1);
    expect(last).toMatchObject({ current: expect.any(Number), total: expect.any(Number) });
  });

  test('of one layer by several tasks does the work once', async () => {
    const layer = largeLayer();
    const phases: string[] = [];
    const onProgress = (event: ProgressEvent) =>
      event.kind === 'layer' && event.phase !== 'extracting' && phases.push(event.phase);
    const leases = await Promise.all([0, 1, 2].map(() => snapshots.ensure([layer], { onProgress })));
    expect(phases.filter((phase) => phase === 'done')).toHaveLength(1);
    for (const lease of leases) await lease[Symbol.asyncDispose]();
    expect(readdirSync(place('uses'))).toEqual([]);
  });

  test.each([
    { name: 'a blob that is no tar', blob: () => gzipSync(Buffer.alloc(1024, 1)), code: 'INVALID_TAR' },
    {
      name: 'a blob that was cut off',
      blob: () => gzipSync(tarOf(file('a'))).subarray(0, 40),
      code: 'TRUNCATED',
    },
    { name: 'a tar that is another', blob: () => tarOf(file('a')), code: 'DIFF_ID_MISMATCH' },
  ])('of $name leaves nothing', async ({ blob, code }) => {
    const bad = { diffID: sha256(Buffer.from('bad')), blob: addBlob(blob()) };
    await expect(snapshots.ensure([bad, largeLayer()])).rejects.toMatchObject({ code });
    expect(listed().filter((name) => name.startsWith('new-') || name === digestHex(bad.diffID))).toEqual([]);
    expect(readdirSync(place('uses'))).toEqual([]);
  });

  test('of a blob that is not there says so', async () => {
    const gone = { diffID: sha256(Buffer.from('x')), blob: sha256(Buffer.from('y')) };
    await expect(snapshots.ensure([gone])).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    expect(listed()).toEqual([]);
  });

  test('leaves nothing when it is cancelled', async () => {
    const abort = new AbortController();
    const layer = largeLayer();
    const ensured = snapshots.ensure([layer, addLayer(file('big', noise(900_000)))], {
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 30);
    await expect(ensured).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(listed().filter((name) => name.startsWith('new-'))).toEqual([]);
    expect(readdirSync(place('locks'))).toEqual([]);
  });

  test('makes again what an earlier boot of the machine may have lost', async () => {
    const layer = addLayer(file('a', 'text'));
    await (await snapshots.ensure([layer]))[Symbol.asyncDispose]();
    const directory = place(digestHex(layer.diffID));
    const record = JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8'));
    writeFileSync(join(directory, 'record.json'), JSON.stringify({ ...record, bootID: 'an earlier one' }));
    writeFileSync(join(directory, 'fs/a'), '');
    await using lease = await snapshots.ensure([layer]);
    expect(readFileSync(join(lease.snapshots[0]?.directory ?? '', 'a'), 'utf8')).toBe('text');
  });

  test('trusts what was flushed in an earlier boot', async () => {
    const layer = addLayer(file('a', 'text'));
    await (await snapshots.ensure([layer]))[Symbol.asyncDispose]();
    await snapshots.flush();
    const directory = place(digestHex(layer.diffID));
    const record = JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8'));
    writeFileSync(join(directory, 'record.json'), JSON.stringify({ ...record, bootID: 'an earlier one' }));
    const phases: string[] = [];
    await using _ = await snapshots.ensure([layer], {
      onProgress: (event) => event.kind === 'layer' && phases.push(event.phase),
    });
    expect(phases).toEqual(['exists']);
  });
});

describe('a snapshot', () => {
  test('is not removed while somebody uses it', async () => {
    const layer = addLayer(file('a'));
    const lease = await snapshots.ensure([layer]);
    await expect(new Snapshots(root).remove(layer.diffID)).rejects.toMatchObject({ code: 'CONFLICT' });
    await lease[Symbol.asyncDispose]();
    await expect(snapshots.remove(layer.diffID)).resolves.toBe(true);
    await expect(snapshots.remove(layer.diffID)).resolves.toBe(false);
    expect(listed()).toEqual([]);
  });

  test('is held beyond the lease, until the holder lets go', async () => {
    const layer = addLayer(file('a'));
    const lease = await snapshots.ensure([layer]);
    await lease.hold('container-1');
    await lease[Symbol.asyncDispose]();
    await expect(snapshots.holds()).resolves.toEqual(new Map([['container-1', [layer.diffID]]]));
    await expect(snapshots.remove(layer.diffID)).rejects.toMatchObject({ code: 'CONFLICT' });
    await snapshots.releaseHold('container-1');
    await expect(snapshots.remove(layer.diffID)).resolves.toBe(true);
  });

  test('is listed with its size and its last use', async () => {
    const layer = addLayer(file('a', 'four'));
    const clock = { now: () => new Date('2024-05-06T07:08:09Z'), sleep: () => Promise.resolve() };
    const dated = new Snapshots(root, { clock });
    await (await dated.ensure([layer]))[Symbol.asyncDispose]();
    await using _ = await dated.ensure([layer]);
    await expect(dated.list()).resolves.toEqual([
      {
        diffID: layer.diffID,
        size: 4,
        entries: 1,
        createdAt: clock.now(),
        lastUsedAt: clock.now(),
        isInUse: true,
      },
    ]);
  });
});

test('whoever was given a snapshot keeps it, and who removes meanwhile is refused or was earlier', async () => {
  const layer = addLayer(file('a'));
  let isOver = false;
  const removing = (async () => {
    while (!isOver)
      try {
        await new Snapshots(root).remove(layer.diffID);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONFLICT' });
      }
  })();
  for (let round = 0; round < 30; round++) {
    await using lease = await snapshots.ensure([layer]);
    await new Promise(setImmediate);
    expect(readFileSync(join(lease.snapshots[0]?.directory ?? '', 'a'), 'utf8')).toBe('a');
  }
  isOver = true;
  await removing;
});

test('holders have names that are names of files', async () => {
  await using lease = await snapshots.ensure([addLayer(file('a'))]);
  await expect(lease.hold('../up')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('what a killed process leaves is found, cleared away and made again', async () => {
  const layers = [largeLayer(), addLayer(file('b', noise(400_000)))];
  // A file, because threads of a program on the command line cannot be started.
  const script = join(root, 'ensure.mjs');
  writeFileSync(
    script,
    `import { Snapshots } from ${JSON.stringify(new URL('./snapshots.ts', import.meta.url).href)};
    const onProgress = (event) => event.phase === 'extracting' && process.kill(process.pid, 'SIGKILL');
    await new Snapshots(${JSON.stringify(root)}).ensure(${JSON.stringify(layers)}, { onProgress });`,
  );
  const { signal } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', script]);
  expect(signal).toBe('SIGKILL');
  const left = listed();
  expect(left.some((name) => name.startsWith('new-'))).toBe(true);
  await expect(snapshots.clean()).resolves.toEqual(left.map(place));
  expect(readdirSync(place('uses'))).toEqual([]);
  await using lease = await snapshots.ensure(layers);
  expect(readdirSync(lease.snapshots[0]?.directory ?? '')).toHaveLength(10);
});

test('two processes that want a layer do the work once', async () => {
  const layer = largeLayer();
  const script = join(root, 'ensure.mjs');
  writeFileSync(
    script,
    `import { Snapshots } from ${JSON.stringify(new URL('./snapshots.ts', import.meta.url).href)};
    const onProgress = (event) => event.phase !== 'extracting' && console.log(event.phase);
    const lease = await new Snapshots(${JSON.stringify(root)}).ensure(${JSON.stringify([layer])}, { onProgress });
    await lease[Symbol.asyncDispose]();`,
  );
  const runs = [0, 1].map(() => promisify(execFile)(process.execPath, [script]));
  const phases = (await Promise.all(runs)).flatMap(({ stdout }) => stdout.split('\n'));
  expect(phases.filter((phase) => phase === 'done')).toHaveLength(1);
  expect(phases.filter((phase) => phase === 'exists')).toHaveLength(1);
});

test('what was killed while it took a lease is cleaned, what may be at it is not', async () => {
  mkdirSync(place('uses'), { recursive: true });
  for (const name of ['lease-1.lock', 'tmp-old', 'tmp-new']) writeFileSync(place(`uses/${name}`), '');
  utimesSync(place('uses/tmp-old'), 0, 0);
  await snapshots.clean();
  expect(readdirSync(place('uses'))).toEqual(['tmp-new']);
});

test('a store without snapshots has none', async () => {
  await expect(snapshots.list()).resolves.toEqual([]);
  await expect(snapshots.clean()).resolves.toEqual([]);
  await snapshots.flush();
  expect(existsSync(place(''))).toBe(false);
});
