import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { noise, prose, sha256 } from '../testing/layer-fixtures.ts';
import { LAYER_ENTRIES, tarOf } from '../testing/tar-fixtures.ts';
import { GrowingFile } from './growing-file.ts';
import { LayerPassPool } from './pass-pool.ts';
import { readToc, readTocFacts } from './toc-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'pass-pool-'));
const pool = new LayerPassPool({ maxWorkers: 2 });
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

const TAR = Buffer.from(tarOf(...LAYER_ENTRIES, { name: 'tide', type: 'file', content: prose(700_000) }));

/** A tar of one file of two bytes, packed by `xz` and by `bzip2`. */
const XZ_TAR = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Af/AE5dADCAM1AYaImDAdzibiEFSB7SzNFs68vvdzzmoGVXKbN1T5k0E1' +
    'ndiS3/bYFHWAZo+E+1YnhPqMKaF7PP0E+u03t1jpvrYpOvtAXB4ab0AAAAAN0/FmCTvBxuAAFqgBAAAADsH8WLscRn' +
    '+wIAAAAABFla',
  'base64',
);
const BZIP2_TAR = Buffer.from(
  'QlpoOTFBWSZTWcAtODkAADr7kMkQAEBAAHeAAADgAJ5ABAAACCAAVEEn6kwQemhoEkpsp6hpoA0feHObxCJoIVX1Y7' +
    'l2gQyL4K1EpYF0+zIYFNQipenbCQlOEDb4slj2zgnfdTPgu5IpwoSGAWnByA==',
  'base64',
);
const TINY_DIFF_ID = 'sha256:8e8c932f85556f00e82f04eacff0789ba234cc0bd841e2dc26e9ca9cffdc3f6e';

let count = 0;
function write(bytes: Uint8Array): string {
  const path = join(folder, `blob-${count++}`);
  writeFileSync(path, bytes);
  return path;
}

function complete(bytes: Uint8Array): GrowingFile {
  const file = new GrowingFile(write(bytes), bytes.length);
  file.end();
  return file;
}

function factsOf(bytes: Uint8Array, compression: string) {
  return {
    digest: sha256(bytes),
    size: bytes.length,
    diffID: sha256(TAR),
    tarSize: TAR.length,
    entries: LAYER_ENTRIES.length + 1,
    compression,
  };
}

describe('LayerPassPool', () => {
  test('reads what it is told to, of any size, without a thread', async () => {
    await using threadless = new LayerPassPool({ workerUrl: pathToFileURL(join(folder, 'nowhere.js')) });
    const tar = Buffer.from(tarOf({ name: 'tide', type: 'file', content: new Uint8Array(33 << 20) }));
    const file = new GrowingFile(write(tar), tar.length);
    const reading = threadless.run({ file, hashEngine: 'node', isReadHere: true });
    file.end();
    expect(await reading).toMatchObject({ digest: sha256(tar), entries: 1, compression: 'none' });
    const dropped = new GrowingFile(write(tar), tar.length);
    const refused = threadless.run({ file: dropped, hashEngine: 'node', isReadHere: true });
    dropped.abort();
    await expect(refused).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test.each([
    { name: 'none', bytes: TAR },
    { name: 'gzip', bytes: gzipSync(TAR) },
    { name: 'zstd', bytes: zstdCompressSync(TAR) },
  ])('finds the same with either hash engine, packed with $name', async ({ name, bytes }) => {
    for (const hashEngine of ['node', 'wasm'] as const)
      expect(await pool.run({ file: complete(bytes), hashEngine })).toMatchObject(factsOf(bytes, name));
  });

  test.each([
    { name: 'none', bytes: TAR },
    { name: 'gzip', bytes: gzipSync(TAR) },
    { name: 'zstd', bytes: zstdCompressSync(TAR) },
  ])(
    'hashes a large layer that comes alone in a second thread, packed with $name',
    async ({ name, bytes }) => {
      const tocPath = join(folder, 'split.toc');
      const facts = await pool.run({ file: complete(bytes), size: 2 ** 30, hashEngine: 'node', tocPath });
      expect(facts).toMatchObject(factsOf(bytes, name));
      expect(readTocFacts(readFileSync(tocPath))).toEqual(facts);
    },
  );

  test('leaves the second core to the companions of a large layer', async () => {
    const facts = await pool.run({
      file: complete(gzipSync(TAR)),
      size: 2 ** 30,
      hashEngine: 'node',
      hasCompanions: true,
    });
    expect(facts).toMatchObject(factsOf(gzipSync(TAR), 'gzip'));
  });

  test("minds gzip's checksum only where no diffID is known", async () => {
    const bytes = gzipSync(TAR);
    bytes.subarray(-8, -4).fill(0);
    const facts = await pool.run({ file: complete(bytes), hashEngine: 'node', isDiffIDKnown: true });
    expect(facts.diffID).toBe(sha256(TAR));
    const unknown = pool.run({ file: complete(bytes), hashEngine: 'node' });
    await expect(unknown).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('reads a file that grows in odd pieces as it reads a whole one', async () => {
    const bytes = gzipSync(TAR);
    for (const size of [undefined, 2 ** 30]) {
      const path = write(bytes.subarray(0, 1000));
      const file = new GrowingFile(path, 1000);
      const tocPath = join(folder, 'growing.toc');
      const running = pool.run({
        file,
        hashEngine: 'node',
        tocPath,
        ...(size === undefined ? {} : { size }),
      });
      await using handle = await open(path, 'a');
      const pieces = noise(4000);
      for (let at = 1000, i = 0; at < bytes.length; i++) {
        const length = Math.min(1 + (pieces[i] ?? 0) * 40, bytes.length - at);
        await handle.write(bytes, at, length);
        file.advance(length);
        at += length;
      }
      file.end();
      const facts = await running;
      expect(facts).toMatchObject(factsOf(bytes, 'gzip'));
      expect(Array.from(readToc(readFileSync(tocPath)))).toHaveLength(facts.entries);
    }
  });

  test.each([
    { name: 'xz', bytes: XZ_TAR },
    { name: 'bzip2', bytes: BZIP2_TAR },
  ])('unpacks $name, for which there is no synchronous zlib', async ({ name, bytes }) => {
    for (const size of [0, 2 ** 30])
      expect(await pool.run({ file: complete(bytes), size, hashEngine: 'node' })).toMatchObject({
        digest: sha256(bytes),
        diffID: TINY_DIFF_ID,
        entries: 1,
        contentSize: 2,
        compression: name,
      });
    const cut = complete(bytes.subarray(0, -5));
    await expect(pool.run({ file: cut, hashEngine: 'node' })).rejects.toMatchObject({ code: 'TRUNCATED' });
  });

  test('reads an empty layer, whose file need not exist', async () => {
    const file = new GrowingFile(join(folder, 'absent'));
    file.end();
    expect(await pool.run({ file, hashEngine: 'node' })).toMatchObject({ size: 0, entries: 0 });
  });

  test('reads more layers than it has threads', async () => {
    const blobs = Array.from({ length: 7 }, (_, i) =>
      gzipSync(tarOf({ name: `f${i}`, type: 'file', content: `${i}` })),
    );
    const facts = await Promise.all(
      blobs.map((bytes) => pool.run({ file: complete(bytes), size: bytes.length, hashEngine: 'node' })),
    );
    expect(facts.map(({ digest }) => digest)).toEqual(blobs.map(sha256));
  });

  test.each([
    {
      name: 'a truncated gzip',
      bytes: gzipSync(TAR).subarray(0, -3),
      code: 'TRUNCATED',
      message: 'unexpected EOF',
    },
    {
      name: 'a truncated zstd',
      bytes: zstdCompressSync(TAR).subarray(0, -3),
      code: 'TRUNCATED',
      message: 'unexpected EOF',
    },
    {
      name: 'a broken gzip',
      bytes: Buffer.from(gzipSync(TAR)).fill(255, 9000, 9100),
      code: 'CORRUPT',
      message: /^gzip: /,
    },
    {
      name: 'no tar',
      bytes: gzipSync(noise(5000)),
      code: 'INVALID_TAR',
      message: 'archive/tar: invalid tar header',
    },
  ])('rejects for $name and leaves no table of contents', async ({ bytes, code, message }) => {
    const tocPath = join(folder, 'failed.toc');
    for (const size of [0, 2 ** 30]) {
      await expect(
        pool.run({ file: complete(bytes), size, hashEngine: 'node', tocPath }),
      ).rejects.toMatchObject({
        name: 'WherryError',
        code,
        message: expect.stringMatching(message),
      });
      expect(existsSync(tocPath)).toBe(false);
    }
    expect(await pool.run({ file: complete(TAR), hashEngine: 'node' })).toMatchObject(factsOf(TAR, 'none'));
  });

  test('keeps to the limits of the job', async () => {
    const job = { file: complete(gzipSync(TAR)), hashEngine: 'node', maxEntries: 3 } as const;
    await expect(pool.run(job)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  test('says so when the file is shorter than its writer claims', async () => {
    const file = new GrowingFile(write(TAR.subarray(0, 100)), 200);
    await expect(pool.run({ file, hashEngine: 'node' })).rejects.toMatchObject({ code: 'TRUNCATED' });
  });

  test('frees the thread of a layer that is aborted', async () => {
    const single = new LayerPassPool({ maxWorkers: 1 });
    const bytes = gzipSync(TAR);
    const stalled = new GrowingFile(write(bytes.subarray(0, 500)), 500);
    const waiting = single.run({ file: stalled, hashEngine: 'node' });
    const next = single.run({ file: complete(bytes), hashEngine: 'node' });
    stalled.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await next).toMatchObject(factsOf(bytes, 'gzip'));
    await single.close();
  });

  test('is cancelled by a signal, running or waiting', async () => {
    const single = new LayerPassPool({ maxWorkers: 1 });
    const controller = new AbortController();
    const runs = [1, 2].map(() =>
      single.run({ file: new GrowingFile(write(TAR)), hashEngine: 'node', signal: controller.signal }),
    );
    const outcomes = Promise.allSettled(runs);
    await new Promise(setImmediate);
    controller.abort();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'CANCELLED' } });
    await expect(
      single.run({ file: complete(TAR), hashEngine: 'node', signal: controller.signal }),
    ).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await single.close();
  });

  test('rejects what still runs when it is closed', async () => {
    const closing = new LayerPassPool({ maxWorkers: 1 });
    const runs = [2 ** 30, 1].map((size) =>
      closing.run({ file: new GrowingFile(write(TAR), 600), size, hashEngine: 'node' }),
    );
    const outcomes = Promise.allSettled(runs);
    await new Promise(setImmediate);
    await closing.close();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'CANCELLED' } });
    await expect(closing.run({ file: complete(TAR), hashEngine: 'node' })).rejects.toThrow(
      'used after close()',
    );
  });
});

describe('a LayerPassPool whose threads die', () => {
  let mortal: LayerPassPool | undefined;
  afterEach(async () => {
    await mortal?.close();
  });

  test.each([
    {
      name: 'exits',
      script:
        "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3));",
    },
    {
      name: 'throws',
      script:
        "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { throw new Error('boom'); });",
    },
    { name: 'does not start', script: 'this is no JavaScript' },
  ])('rejects the layer when one $name', async ({ script }) => {
    const path = join(folder, `mortal-${count++}.mjs`);
    writeFileSync(path, script);
    mortal = new LayerPassPool({ maxWorkers: 1, workerUrl: pathToFileURL(path) });
    const runs = [1, 2].map(() => mortal!.run({ file: complete(TAR), hashEngine: 'node' }));
    for (const outcome of await Promise.allSettled(runs))
      expect(outcome).toMatchObject({
        reason: { code: 'INTERNAL', message: 'worker thread ended unexpectedly' },
      });
  });

  test('rejects the layer when the one that hashes for it dies', async () => {
    const path = join(folder, 'mortal-hash.mjs');
    const real = new URL('./pass-worker.ts', import.meta.url);
    writeFileSync(
      path,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', ({ kind }) => { if (kind === 'hash') process.exit(3); });
       await import(${JSON.stringify(real.href)});`,
    );
    mortal = new LayerPassPool({ maxWorkers: 2, workerUrl: pathToFileURL(path) });
    const run = mortal.run({ file: complete(gzipSync(TAR)), size: 2 ** 30, hashEngine: 'node' });
    await expect(run).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
