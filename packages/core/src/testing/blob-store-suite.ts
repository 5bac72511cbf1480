import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { BlobStore } from '../content/blob-store.ts';
import type { Digest, Hasher } from '../digest.ts';

const HELLO = Buffer.from('hello, harbour');
const ABSENT = `sha256:${'0'.repeat(64)}` as Digest;

/** What every `BlobStore` does. `open` makes a fresh, empty store. */
export function blobStoreSuite(name: string, open: () => Promise<BlobStore>): void {
  describe(`${name} as a blob store`, () => {
    readingCases(open);
    writingCases(open);
    resumingCases(open);
    exclusionCases(open);
  });
}

function readingCases(open: () => Promise<BlobStore>): void {
  test('gives back what was committed, with its digest and size', async () => {
    const store = await open();
    const info = await put(store, HELLO);
    expect(info).toEqual({ digest: digestOf(HELLO), size: HELLO.length });
    expect(await store.stat(info.digest)).toEqual(info);
    expect(await readAll(store.read(info.digest))).toEqual(HELLO);
  });

  test('holds an empty blob', async () => {
    const store = await open();
    const { digest, size } = await put(store, new Uint8Array());
    expect(size).toBe(0);
    expect(await readAll(store.read(digest))).toEqual(Buffer.alloc(0));
  });

  test.each([
    { name: 'the beginning', range: { start: 0, end: 5 }, expected: 'hello' },
    { name: 'the rest', range: { start: 7 }, expected: 'harbour' },
    { name: 'the middle', range: { start: 3, end: 6 }, expected: 'lo,' },
    { name: 'nothing at the end', range: { start: 14 }, expected: '' },
    { name: 'nothing in the middle', range: { start: 4, end: 4 }, expected: '' },
  ])('reads a range: $name', async ({ range, expected }) => {
    const store = await open();
    const { digest } = await put(store, HELLO);
    expect((await readAll(store.read(digest, range))).toString()).toBe(expected);
  });

  test.each([
    { name: 'begins behind the end', range: { start: 15 } },
    { name: 'ends behind the end', range: { start: 0, end: 15 } },
    { name: 'ends before it begins', range: { start: 3, end: 2 } },
    { name: 'begins below zero', range: { start: -1 } },
    { name: 'begins at no number', range: { start: Number.NaN } },
  ])('refuses a range that $name', async ({ range }) => {
    const store = await open();
    const { digest } = await put(store, HELLO);
    await expect(readAll(store.read(digest, range))).rejects.toMatchObject({ code: 'INVALID_RANGE' });
  });

  test('takes flushes on the way', async () => {
    const store = await open();
    await using writer = await store.begin('flushed');
    for (const byte of HELLO) {
      await writer.write(Uint8Array.of(byte));
      writer.flush?.();
    }
    const { digest } = await writer.commit();
    expect(await readAll(store.read(digest))).toEqual(HELLO);
  });

  test('says what is unknown', async () => {
    const store = await open();
    expect(await store.stat(ABSENT)).toBeUndefined();
    expect(await store.delete(ABSENT)).toBe(false);
    await expect(readAll(store.read(ABSENT))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: `blob ${ABSENT} not found`,
    });
  });

  test('lists what it holds, and no longer what was deleted', async () => {
    const store = await open();
    expect(await listed(store)).toEqual([]);
    const [one, two] = [await put(store, Buffer.from('one')), await put(store, Buffer.from('two'))];
    expect(await listed(store)).toEqual([one.digest, two.digest].sort());
    expect(await store.delete(one.digest)).toBe(true);
    expect(await listed(store)).toEqual([two.digest]);
    expect(await store.stat(one.digest)).toBeUndefined();
  });
}

function writingCases(open: () => Promise<BlobStore>): void {
  test('shows nothing of a blob before its commit', async () => {
    const store = await open();
    await using writer = await store.begin('k', { digest: digestOf(HELLO), size: HELLO.length });
    await writer.write(HELLO);
    expect(await store.stat(digestOf(HELLO))).toBeUndefined();
    expect(await listed(store)).toEqual([]);
    await writer.commit();
    expect(await listed(store)).toEqual([digestOf(HELLO)]);
  });

  test('refuses bytes of another digest and keeps nothing of them', async () => {
    const store = await open();
    await using writer = await store.begin('k', { digest: ABSENT, size: HELLO.length });
    await writer.write(HELLO);
    await expect(writer.commit()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await listed(store)).toEqual([]);
    await using again = await store.begin('k');
    expect(again.offset).toBe(0);
  });

  test('refuses too few bytes at the commit', async () => {
    const store = await open();
    await using writer = await store.begin('k', { digest: digestOf(HELLO), size: HELLO.length });
    await writer.write(HELLO.subarray(1));
    await expect(writer.commit()).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: `blob ${digestOf(HELLO)}: size 13, want 14`,
    });
  });

  test('refuses too many bytes before they are written', async () => {
    const store = await open();
    await using writer = await store.begin('k', { size: 3 });
    await writer.write(HELLO.subarray(0, 3));
    await expect(writer.write(HELLO.subarray(3, 4))).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await using again = await store.begin('k');
    expect(again.offset).toBe(0);
  });

  test('takes the hash from a caller that hashes, and holds it against what was expected', async () => {
    const store = await open();
    const found = { digest: digestOf(HELLO), size: HELLO.length };
    await using good = await store.begin('k', { digest: found.digest, hashedBy: 'caller' });
    await good.write(HELLO);
    expect(await good.commit(found)).toEqual(found);
    await using wrong = await store.begin('k', { digest: ABSENT, hashedBy: 'caller' });
    await wrong.write(HELLO);
    await expect(wrong.commit(found)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await using short = await store.begin('k', { hashedBy: 'caller' });
    await short.write(HELLO);
    await expect(short.commit({ ...found, size: 1 })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await using silent = await store.begin('k', { hashedBy: 'caller' });
    await expect(silent.commit()).rejects.toThrow('must say what it found');
  });

  test('takes a blob that it has already', async () => {
    const store = await open();
    const info = await put(store, HELLO);
    expect(await put(store, HELLO)).toEqual(info);
    expect(await listed(store)).toEqual([info.digest]);
  });

  test('tells that the blob is there, and commits without a byte', async () => {
    const store = await open();
    const info = await put(store, HELLO);
    await using writer = await store.begin('k', { digest: info.digest });
    expect(writer.exists).toBe(true);
    expect(await writer.commit()).toEqual(info);
    await using other = await store.begin('k', { digest: ABSENT });
    expect(other.exists).toBe(false);
  });

  test('is closed after commit and abort', async () => {
    const store = await open();
    const writer = await store.begin('k');
    await writer.commit();
    await expect(writer.write(HELLO)).rejects.toThrow('closed');
    await expect(writer.commit()).rejects.toThrow('closed');
    await writer.abort();
    await writer[Symbol.asyncDispose]();
  });

  test('refuses an empty key', async () => {
    const store = await open();
    await expect(store.begin('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
}

function resumingCases(open: () => Promise<BlobStore>): void {
  test.each(['writer', 'caller'] as const)('goes on where an attempt ended (the %s hashes)', async (by) => {
    const store = await open();
    const options = {
      digest: digestOf(HELLO),
      size: HELLO.length,
      ...(by === 'caller' && { hashedBy: by }),
    };
    {
      await using writer = await store.begin('k', options);
      await writer.write(HELLO.subarray(0, 5));
    }
    await using writer = await store.begin('k', options);
    expect(writer.offset).toBe(5);
    await writer.write(HELLO.subarray(5));
    const info = await writer.commit({ digest: digestOf(HELLO), size: HELLO.length });
    expect(await readAll(store.read(info.digest))).toEqual(HELLO);
  });

  test('starts over after an abort', async () => {
    const store = await open();
    const writer = await store.begin('k');
    await writer.write(HELLO);
    await writer.abort();
    await using again = await store.begin('k');
    expect(again.offset).toBe(0);
  });

  test('starts over when it holds more than the blob has', async () => {
    const store = await open();
    {
      await using writer = await store.begin('k');
      await writer.write(HELLO);
    }
    await using again = await store.begin('k', { size: 3 });
    expect(again.offset).toBe(0);
    await again.write(Buffer.from('abc'));
    expect(await again.commit()).toEqual({ digest: digestOf(Buffer.from('abc')), size: 3 });
  });

  test('keeps keys apart', async () => {
    const store = await open();
    {
      await using writer = await store.begin('one');
      await writer.write(HELLO);
    }
    await using other = await store.begin('two');
    expect(other.offset).toBe(0);
  });
}

function exclusionCases(open: () => Promise<BlobStore>): void {
  test('lets one writer of a key in at a time', async () => {
    const store = await open();
    let inside = 0;
    const rounds = Array.from({ length: 5 }, async (_, index) => {
      await using writer = await store.begin('k');
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      await writer.write(Buffer.from([index]));
      inside--;
    });
    await Promise.all(rounds);
    await using last = await store.begin('k');
    expect(last.offset).toBe(5);
  });

  test('stops waiting when it is cancelled', async () => {
    const store = await open();
    await using _writer = await store.begin('k');
    const controller = new AbortController();
    const waiting = store.begin('k', { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(store.begin('k', { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
}

/** A sha256 hasher that needs no other part of the system. */
export function createTestHasher(): Hasher {
  const hash = createHash('sha256');
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => `sha256:${hash.digest('hex')}` as Digest,
  };
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

async function put(store: BlobStore, bytes: Uint8Array) {
  await using writer = await store.begin('put', { digest: digestOf(bytes), size: bytes.length });
  await writer.write(bytes);
  return await writer.commit();
}

async function readAll(source: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listed(store: BlobStore): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest } of store.list()) digests.push(digest);
  return digests.sort();
}
