import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunksOf } from '../testing/chunks.ts';
import { gather, noise, prose, sha256, sourceOf } from '../testing/layer-fixtures.ts';
import { compressGzip } from './compress-gzip.ts';
import { compressZstd } from './compress-zstd.ts';
import { decompress } from './decompress.ts';

const MIB = 1024 * 1024;

describe('compressGzip', () => {
  test.each([
    { name: 'nothing', content: Buffer.alloc(0) },
    { name: 'one byte', content: Buffer.of(7) },
    { name: 'exactly one block', content: prose(MIB) },
    { name: 'a byte more than one block', content: prose(MIB + 1) },
    { name: 'several blocks', content: Buffer.concat([prose(2 * MIB), noise(MIB), prose(MIB, 3)]) },
  ])('packs $name as one member that any gunzip takes', async ({ content }) => {
    const packed = await gather(compressGzip(sourceOf(chunksOf(content, 100_000))));
    expect(gunzipSync(packed).equals(content)).toBe(true);
    expect((await gather(decompress(sourceOf([packed]), 'gzip'))).equals(content)).toBe(true);
    expect(packed.subarray(0, 10)).toEqual(Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255));
  });

  test('gives the same bytes for any concurrency and any pieces', async () => {
    const content = Buffer.concat([prose(3 * MIB), noise(300_000), prose(2 * MIB, 5)]);
    const digests = new Set<string>();
    for (const concurrency of [1, 2, 4])
      for (const size of [content.length, 65_536, 100_003])
        digests.add(sha256(await gather(compressGzip(sourceOf(chunksOf(content, size)), { concurrency }))));
    expect(digests.size).toBe(1);
  });

  test('costs next to nothing over one deflate stream', async () => {
    const content = prose(4 * MIB);
    const packed = await gather(compressGzip(sourceOf([content])));
    expect(packed.length).toBeLessThan(content.length / 3);
    const fast = await gather(compressGzip(sourceOf([content]), { level: 1 }));
    expect(fast.length).toBeGreaterThan(packed.length);
    expect(gunzipSync(fast).equals(content)).toBe(true);
  });

  test('passes an error of the source on, and closes it when the reader leaves', async () => {
    const failure = new Error('gone');
    async function* failing() {
      yield prose(3 * MIB);
      throw failure;
    }
    await expect(gather(compressGzip(failing()))).rejects.toBe(failure);
    let isClosed = false;
    async function* endless() {
      try {
        for (;;) yield prose(MIB);
      } finally {
        isClosed = true;
      }
    }
    let seen = 0;
    for await (const chunk of compressGzip(endless())) {
      seen += chunk.length;
      if (seen > 100_000) break;
    }
    expect(isClosed).toBe(true);
  });

  test('round-trips anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 }), async (chunks) => {
        const packed = await gather(compressGzip(sourceOf(chunks)));
        expect((await gather(decompress(sourceOf([packed]), 'gzip'))).equals(Buffer.concat(chunks))).toBe(
          true,
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('compressZstd', () => {
  test.each([
    { name: 'nothing', content: Buffer.alloc(0) },
    { name: 'one byte', content: Buffer.of(7) },
    { name: 'some megabytes', content: Buffer.concat([prose(3 * MIB), noise(MIB)]) },
  ])('packs $name', async ({ content }) => {
    const packed = await gather(compressZstd(sourceOf(chunksOf(content, 100_000))));
    expect(zstdDecompressSync(packed).equals(content)).toBe(true);
    expect((await gather(decompress(sourceOf([packed]), 'zstd'))).equals(content)).toBe(true);
  });

  test('passes an error of the source on, and closes it when the reader leaves', async () => {
    const failure = new Error('gone');
    async function* failing() {
      yield prose(MIB);
      throw failure;
    }
    await expect(gather(compressZstd(failing()))).rejects.toBe(failure);
    let isClosed = false;
    async function* endless() {
      try {
        for (;;) yield noise(MIB);
      } finally {
        isClosed = true;
      }
    }
    for await (const _ of compressZstd(endless())) break;
    await new Promise(setImmediate);
    expect(isClosed).toBe(true);
  });

  test('round-trips anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 }), async (chunks) => {
        const packed = await gather(compressZstd(sourceOf(chunks), { level: 1 }));
        expect((await gather(decompress(sourceOf([packed]), 'zstd'))).equals(Buffer.concat(chunks))).toBe(
          true,
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
