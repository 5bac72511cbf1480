import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ByteSource } from './byte-source.ts';
import { collect } from './collect.ts';
import { bytesOf } from './from.ts';
import { fromReadable, readFileRange, toReadable } from './node.ts';

const text = async (source: ByteSource) => new TextDecoder().decode(await collect(source, 1000));

describe('fromReadable', () => {
  test('gives the bytes of a stream', async () => {
    expect(await text(fromReadable(Readable.from([Buffer.from('ab'), Buffer.from('c')])))).toBe('abc');
  });

  test('destroys the stream when the reader leaves', async () => {
    const stream = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    for await (const _ of fromReadable(stream)) break;
    expect(stream.destroyed).toBe(true);
  });

  test('throws what the stream failed with', async () => {
    const stream = new Readable({ read: () => stream.destroy(new Error('reset')) });
    await expect(text(fromReadable(stream))).rejects.toThrow('reset');
  });
});

describe('toReadable', () => {
  test('gives a byte stream', async () => {
    expect(await text(fromReadable(toReadable(bytesOf('ab', 'c'))))).toBe('abc');
  });

  test('closes the source when it is destroyed', async () => {
    let isClosed = false;
    async function* endless(): ByteSource {
      try {
        for (;;) yield new Uint8Array(10);
      } finally {
        isClosed = true;
      }
    }
    for await (const _ of toReadable(endless())) break;
    expect(isClosed).toBe(true);
  });

  test('fails with what the source throws', async () => {
    async function* failing(): ByteSource {
      yield new Uint8Array(1);
      throw new Error('reset');
    }
    await expect(text(fromReadable(toReadable(failing())))).rejects.toThrow('reset');
  });
});

describe('readFileRange', () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wherry-bytes-'));
    path = join(folder, 'file');
    await writeFile(path, '0123456789');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    { name: 'the whole file', range: undefined, expected: '0123456789' },
    { name: 'from a point to the end', range: { start: 7 }, expected: '789' },
    { name: 'a part', range: { start: 2, end: 5 }, expected: '234' },
    { name: 'nothing at the end', range: { start: 10 }, expected: '' },
    { name: 'nothing of an empty range', range: { start: 3, end: 3 }, expected: '' },
  ])('reads $name', async ({ range, expected }) => {
    expect(await text(readFileRange(path, range))).toBe(expected);
    expect(await text(readFileRange(path, range, 3))).toBe(expected);
  });

  test('throws when the file ends before the range does', async () => {
    await expect(text(readFileRange(path, { start: 5, end: 11 }))).rejects.toMatchObject({
      code: 'TRUNCATED',
      details: { size: 10, want: 11 },
    });
  });

  test('gives every chunk memory of its own', async () => {
    const buffers = new Set<ArrayBufferLike>();
    for await (const chunk of readFileRange(path, { start: 0 }, 2)) buffers.add(chunk.buffer);
    expect(buffers.size).toBe(5);
  });

  test('leaves a handle open and its position alone', async () => {
    await using handle = await open(path, 'r');
    for await (const _ of readFileRange(handle, { start: 4 }, 2)) break;
    expect(await text(readFileRange(handle))).toBe('0123456789');
    expect((await handle.read(Buffer.alloc(2), 0, 2)).buffer.toString()).toBe('01');
  });

  test('opens nothing before the first read', async () => {
    const source = readFileRange(join(folder, 'absent'));
    await expect(text(source)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
