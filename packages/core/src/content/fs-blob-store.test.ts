import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { blobStoreSuite, createTestHasher } from '../testing/blob-store-suite.ts';
import { BackgroundFlush, FLUSH_BYTES } from './background-flush.ts';
import type { BlobInfo } from './blob-store.ts';
import { FsBlobStore } from './fs-blob-store.ts';
import { FsBlobWriter } from './fs-blob-writer.ts';
import { IngestDirectory } from './ingest-directory.ts';
import { toStorageError } from './storage-error.ts';
import { decodeKey, ingestDir, tocPath } from './store-paths.ts';
import { deleteToc, hasToc, newTemporaryFile, publishToc, removeStaleTemporaries } from './toc-files.ts';

const HELLO = Buffer.from('hello, harbour');
const DAY_MS = 24 * 60 * 60 * 1000;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'wherry-blobs-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function open(): Promise<FsBlobStore> {
  return new FsBlobStore(await mkdtemp(join(base, 'store-')), { createHasher: createTestHasher });
}

async function put(store: FsBlobStore, bytes: Uint8Array): Promise<BlobInfo> {
  await using writer = await store.begin('put');
  await writer.write(bytes);
  return await writer.commit();
}

async function leave(store: FsBlobStore, key: string, bytes: Uint8Array): Promise<void> {
  await using writer = await store.begin(key);
  await writer.write(bytes);
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}

function digestOf(bytes: Uint8Array, algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

blobStoreSuite('FsBlobStore', open);

describe('FsBlobStore', () => {
  test('lays blobs out as an OCI image layout does, readable for all, in directories that are not', async () => {
    const root = join(base, 'new', 'root');
    const store = new FsBlobStore(root, { createHasher: createTestHasher });
    const { digest } = await put(store, HELLO);
    const path = join(root, 'blobs', 'sha256', digest.slice('sha256:'.length));
    expect(store.pathOf(digest)).toBe(path);
    expect(await readFile(path)).toEqual(HELLO);
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
    expect(await readdir(join(root, 'ingests'))).toEqual([]);
  });

  test('makes nothing when it only reads', async () => {
    const root = join(base, 'absent');
    const store = new FsBlobStore(root, { createHasher: createTestHasher });
    expect(await store.stat(digestOf(HELLO))).toBeUndefined();
    expect(await collect(store.list())).toEqual([]);
    expect(await store.ingests()).toEqual([]);
    expect(await store.removeStaleIngests(0)).toEqual([]);
    expect(existsSync(root)).toBe(false);
  });

  test('takes sha512 blobs', async () => {
    const store = await open();
    const digest = digestOf(HELLO, 'sha512');
    await using writer = await store.begin('k', { digest });
    await writer.write(HELLO);
    expect(await writer.commit()).toEqual({ digest, size: HELLO.length });
    expect(await collect(store.list())).toEqual([{ digest, size: HELLO.length }]);
  });

  test('reads a large blob in fresh chunks of bounded size', async () => {
    const store = await open();
    const bytes = Buffer.alloc(2_500_000, 'wherry');
    const { digest } = await put(store, bytes);
    const chunks = await collect(store.read(digest, { start: 1 }));
    expect(chunks.map((chunk) => chunk.length)).toEqual([1_048_576, 1_048_576, 402_847]);
    expect(new Set(chunks.map((chunk) => chunk.buffer)).size).toBe(3);
    expect(Buffer.concat(chunks).equals(bytes.subarray(1))).toBe(true);
  });

  test('shows what it has written to others at once, whatever the size of the chunks', async () => {
    const store = await open();
    await using writer = await store.begin('k');
    const bytes = Buffer.alloc(1_500_000, 'wherry');
    const ends = [10, 10, 70_000, 600_000, 1_500_000];
    let start = 0;
    for (const end of ends) {
      await writer.write(bytes.subarray(start, end));
      expect((await readFile(writer.path!)).equals(bytes.subarray(0, end))).toBe(true);
      start = end;
    }
    expect((await writer.commit()).digest).toBe(digestOf(bytes));
  });

  /** A writer whose flushes are counted; `onFlush` comes before each. */
  async function flushingWriter(root: string, onFlush: (count: number) => void = () => {}) {
    const directory = await IngestDirectory.acquire(join(root, 'ingests', 'k'));
    const handle = await openFile(directory.dataPath, 'w');
    const flushes = { count: 0 };
    const watched = new Proxy(handle, {
      get: (target, name) => {
        if (name === 'datasync')
          return async () => {
            onFlush(++flushes.count);
            await target.datasync();
          };
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const writer = new FsBlobWriter({
      directory,
      handle: watched,
      offset: 0,
      exists: false,
      hasher: createTestHasher(),
      expected: {},
      blobPath: () => join(root, 'blob'),
      flush: new BackgroundFlush(),
    });
    return { writer, flushes };
  }

  test('does not take a blob whose bytes the disk refused while it was written', async () => {
    const { root } = await open();
    const { writer, flushes } = await flushingWriter(root, (count) => {
      // Linux tells of lost bytes once.
      if (count === 1) throw Object.assign(new Error('lost'), { code: 'ENOSPC' });
    });
    await using _ = writer;
    const chunk = Buffer.alloc(1024 * 1024);
    for (let written = 0; written < FLUSH_BYTES; written += chunk.length) await writer.write(chunk);
    await expect(writer.commit()).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect([flushes.count, existsSync(join(root, 'blob'))]).toEqual([1, false]);
  });

  test.each([
    { name: 'nothing is written after the flush', after: [], flushes: 1 },
    { name: 'something is', after: [HELLO], flushes: 2 },
  ])('is flushed whole, and once where $name', async ({ after, flushes }) => {
    const { root } = await open();
    const { writer, flushes: made } = await flushingWriter(root);
    await using _ = writer;
    await writer.write(HELLO);
    writer.flush();
    for (const chunk of after) await writer.write(chunk);
    await writer.commit();
    expect([made.count, existsSync(join(root, 'blob'))]).toEqual([flushes, true]);
  });

  test('lets stores of one root exclude each other, and tells the second that the work is done', async () => {
    const store = await open();
    const other = new FsBlobStore(store.root, { createHasher: createTestHasher });
    const options = { digest: digestOf(HELLO), size: HELLO.length };
    const first = await store.begin('k', options);
    const waiting = other.begin('k', options);
    await first.write(HELLO);
    await first.commit();
    await using second = await waiting;
    expect(second).toMatchObject({ exists: true, offset: 0 });
    expect(await second.commit()).toEqual(options);
  });

  test('loses a race to an equal blob under another key without a fault', async () => {
    const store = await open();
    await using first = await store.begin('one', { digest: digestOf(HELLO) });
    await using second = await store.begin('two', { digest: digestOf(HELLO) });
    await first.write(HELLO);
    await second.write(HELLO);
    expect(await first.commit()).toEqual(await second.commit());
    expect(await collect(store.list())).toHaveLength(1);
    expect(await store.ingests()).toEqual([]);
  });

  test('says so when the blob that was there is gone at the commit', async () => {
    const store = await open();
    const { digest } = await put(store, HELLO);
    await using writer = await store.begin('k', { digest });
    await store.delete(digest);
    await expect(writer.commit()).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  test.each(['sha256:../../../etc/passwd', `sha256:${'../'.repeat(21)}x`, `md5:${'0'.repeat(64)}`])(
    'finds no path for a digest that is none: %s',
    async (text) => {
      const store = await open();
      await expect(store.stat(text as Digest)).rejects.toMatchObject({
        kind: expect.stringMatching('invalid|unsupp'),
      });
      expect(() => tocPath(store.root, text as Digest)).toThrow();
    },
  );

  test('lists no file that is not a blob', async () => {
    const store = await open();
    const { digest } = await put(store, HELLO);
    await writeFile(join(store.root, 'blobs', 'sha256', 'notes.txt'), 'x');
    expect(await collect(store.list())).toEqual([{ digest, size: HELLO.length }]);
  });

  test('says so when its root is a file', async () => {
    const root = join(base, 'a-file');
    await writeFile(root, '');
    const store = new FsBlobStore(root, { createHasher: createTestHasher });
    await expect(store.begin('k')).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: `write to ${root}: not a directory`,
    });
  });
});

describe('ingests', () => {
  test('are listed with their keys and sizes', async () => {
    const store = await open();
    await leave(store, digestOf(HELLO), HELLO);
    await leave(store, '../Upload 1', HELLO.subarray(0, 3));
    const found = await store.ingests();
    expect(found.map(({ key, bytes }) => ({ key, bytes })).sort((a, b) => a.bytes - b.bytes)).toEqual([
      { key: '../Upload 1', bytes: 3 },
      { key: digestOf(HELLO), bytes: HELLO.length },
    ]);
    expect(Date.now() - found[0]!.modifiedAt.getTime()).toBeLessThan(DAY_MS);
  });

  test('leave nothing when nothing was written', async () => {
    const store = await open();
    await leave(store, 'k', new Uint8Array());
    expect(await readdir(join(store.root, 'ingests'))).toEqual([]);
  });

  test('are forgotten when they are old, unless someone writes', async () => {
    const store = await open();
    for (const key of ['old', 'open', 'new']) await leave(store, key, HELLO);
    const before = new Date(Date.now() - 2 * DAY_MS);
    for (const key of ['old', 'open']) await utimes(join(ingestDir(store.root, key), 'data'), before, before);
    await mkdir(ingestDir(store.root, 'empty'));
    await utimes(ingestDir(store.root, 'empty'), before, before);
    await using _writer = await store.begin('open');
    const removed = await store.removeStaleIngests(DAY_MS);
    expect(removed.map(({ key }) => key).sort()).toEqual(['empty', 'old']);
    expect((await store.ingests()).map(({ key }) => key).sort()).toEqual(['new', 'open']);
  });

  test('have directory names that lead nowhere, and back to the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (key) => {
        const name = ingestDir('', key).slice('ingests/'.length);
        expect(name).toMatch(/^[a-z0-9_%-]+$/);
        expect(decodeKey(name)).toBe(key);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test.each([
    { name: 'empty', key: '' },
    { name: 'too long', key: 'k'.repeat(256) },
    { name: 'too long when spelled', key: '.'.repeat(100) },
    { name: 'half a character', key: '\ud800' },
  ])('have no key that is $name', ({ key }) => {
    expect(() => ingestDir('', key)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test.each(['K', 'a.b', '%2', '%41%', '%6b'])('have no directory called "%s"', (name) => {
    expect(decodeKey(name)).toBeUndefined();
  });
});

describe('a table of contents', () => {
  test('is published whole, replaced, and goes with its blob', async () => {
    const store = await open();
    const { digest } = await put(store, HELLO);
    expect(await hasToc(store.root, digest)).toBe(false);
    for (const text of ['one', 'two']) {
      const temporary = await newTemporaryFile(store.root);
      await writeFile(temporary, text);
      await publishToc(store.root, digest, temporary);
      expect(await readFile(tocPath(store.root, digest), 'utf8')).toBe(text);
    }
    expect(await readdir(join(store.root, 'tmp'))).toEqual([]);
    expect(await store.delete(digest)).toBe(true);
    expect(await hasToc(store.root, digest)).toBe(false);
  });

  test('can be removed alone', async () => {
    const store = await open();
    const { digest } = await put(store, HELLO);
    expect(await deleteToc(store.root, digest)).toBe(false);
    const temporary = await newTemporaryFile(store.root);
    await writeFile(temporary, 'x');
    await publishToc(store.root, digest, temporary);
    expect(await deleteToc(store.root, digest)).toBe(true);
    expect(await store.stat(digest)).toBeDefined();
  });
});

test.each([
  { code: 'ENOSPC', expected: { code: 'NO_SPACE', message: 'write blob: no space left on device' } },
  { code: 'EDQUOT', expected: { code: 'NO_SPACE' } },
  { code: 'EACCES', expected: { code: 'PERMISSION_DENIED', message: 'write blob: permission denied' } },
  { code: 'EROFS', expected: { code: 'PERMISSION_DENIED', message: 'write blob: read-only file system' } },
  { code: 'EIO', expected: { code: 'EIO' } },
])('what the file system refuses with $code has a code and a message', ({ code, expected }) => {
  const cause = Object.assign(new Error(code), { code });
  expect(toStorageError(cause, 'write blob')).toMatchObject(expected);
});

test('files that a dead process left in tmp/ are removed by age', async () => {
  const { root } = await open();
  expect(await removeStaleTemporaries(root, new Date())).toEqual([]);
  const [old, recent] = [await newTemporaryFile(root), await newTemporaryFile(root)];
  for (const path of [old, recent]) await writeFile(path, 'x');
  const before = new Date(Date.now() - 2 * DAY_MS);
  await utimes(old, before, before);
  expect(await removeStaleTemporaries(root, new Date(Date.now() - DAY_MS))).toEqual([old]);
  expect(existsSync(recent)).toBe(true);
});
