import { existsSync, readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../bytes/byte-source.ts';
import { chunksOf } from '../testing/chunks.ts';
import { gather, noise, prose, sha256, sourceOf } from '../testing/layer-fixtures.ts';
import { BZIP2_FIXTURES, XZ_FIXTURES, XZ_UNSUPPORTED } from '../testing/packed-fixtures.ts';
import { decompress, decompressAuto } from './decompress.ts';
import { gunzipStream, unzstdStream } from './stream-decoders.ts';
import { decompressWeb } from './web-decompress.ts';
import { unxz } from './xz.ts';

const TEXT = prose(60_000);
const GZIP = gzipSync(TEXT);
const ZSTD = zstdCompressSync(TEXT);
const SKIPPABLE = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

/** A source that says whether it was read to its end or closed. */
class Watched implements ByteSource {
  isClosed = false;
  readonly #chunks: Uint8Array[];
  constructor(chunks: Uint8Array[]) {
    this.#chunks = chunks;
  }
  async *[Symbol.asyncIterator]() {
    try {
      yield* this.#chunks;
    } finally {
      this.isClosed = true;
    }
  }
}

interface Path {
  readonly name: string;
  readonly unpack: (source: ByteSource) => ByteSource;
  readonly packed: Buffer;
}

const PATHS: Path[] = [
  { name: 'gzip', unpack: (source) => decompress(source, 'gzip'), packed: GZIP },
  { name: 'gzip through zlib streams', unpack: gunzipStream, packed: GZIP },
  { name: 'zstd', unpack: (source) => decompress(source, 'zstd'), packed: ZSTD },
  { name: 'zstd through zlib streams', unpack: unzstdStream, packed: ZSTD },
];

describe('decompress', () => {
  test.each(PATHS)('unpacks $name, split anywhere', async ({ unpack, packed }) => {
    for (const size of [packed.length, 1, 321])
      expect((await gather(unpack(sourceOf(chunksOf(packed, size))))).equals(TEXT)).toBe(true);
  });

  test.each(PATHS)('unpacks several streams of $name as one', async ({ unpack, packed }) => {
    const bytes = Buffer.concat([packed, packed, packed]);
    const expected = Buffer.concat([TEXT, TEXT, TEXT]);
    for (const size of [bytes.length, 1, 321])
      expect((await gather(unpack(sourceOf(chunksOf(bytes, size))))).equals(expected)).toBe(true);
  });

  test.each(PATHS)('takes $name that stops early for truncated', async ({ unpack, packed }) => {
    for (const length of [0, 1, 3, 5, 12, 100, packed.length - 9, packed.length - 1])
      await expect(gather(unpack(sourceOf(chunksOf(packed.subarray(0, length), 321))))).rejects.toMatchObject(
        {
          code: 'TRUNCATED',
          message: 'unexpected EOF',
        },
      );
  });

  test.each(PATHS)('refuses $name that is broken', async ({ unpack, packed }) => {
    await expect(gather(unpack(sourceOf([noise(100)])))).rejects.toMatchObject({ code: 'CORRUPT' });
    // A reserved deflate block type, a block larger than zstd allows.
    const broken = Buffer.concat([packed.subarray(0, 10), Buffer.alloc(200, 0xff), packed.subarray(210)]);
    await expect(gather(unpack(sourceOf([broken])))).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test.each(PATHS)('passes an error of the source on through $name', async ({ unpack, packed }) => {
    const failure = new Error('reset');
    async function* failing() {
      yield packed.subarray(0, 5000);
      throw failure;
    }
    await expect(gather(unpack(failing()))).rejects.toBe(failure);
  });

  test.each(PATHS)('closes the source of $name when the reader leaves', async ({ unpack, packed }) => {
    const source = new Watched(chunksOf(packed, 50));
    for await (const chunk of unpack(source)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(source.isClosed).toBe(true);
  });

  test('gives chunks that stay as they are', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of decompress(sourceOf([gzipSync(prose(2_000_000))]), 'gzip')) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(prose(2_000_000))).toBe(true);
  });

  test('hands on what is not packed', async () => {
    expect(await gather(decompress(sourceOf([TEXT]), 'none'))).toEqual(TEXT);
  });

  test('lets the zlib streams ignore garbage behind gzip, as the synchronous decoder does', async () => {
    const bytes = Buffer.concat([GZIP, noise(5000)]);
    for (const size of [bytes.length, 321])
      expect((await gather(gunzipStream(sourceOf(chunksOf(bytes, size))))).equals(TEXT)).toBe(true);
  });
});

describe('decompressAuto', () => {
  test.each([
    { name: 'gzip', bytes: GZIP, content: TEXT },
    { name: 'zstd', bytes: ZSTD, content: TEXT },
    { name: 'zstd behind a skippable frame', bytes: Buffer.concat([SKIPPABLE, ZSTD]), content: TEXT },
    { name: 'bzip2', bytes: BZIP2_FIXTURES[0]!.packed, content: BZIP2_FIXTURES[0]!.content },
    { name: 'xz', bytes: XZ_FIXTURES[0]!.packed, content: XZ_FIXTURES[0]!.content },
    { name: 'nothing at all', bytes: Buffer.alloc(0), content: Buffer.alloc(0) },
    { name: 'less than a magic', bytes: Buffer.from('BZ'), content: Buffer.from('BZ') },
    { name: 'what is not packed', bytes: TEXT, content: TEXT },
  ])('recognises $name', async ({ bytes, content }) => {
    for (const size of [Math.max(bytes.length, 1), 1, 321])
      expect((await gather(decompressAuto(sourceOf(chunksOf(bytes, size))))).equals(content)).toBe(true);
  });

  test('closes the source when the reader leaves', async () => {
    const source = new Watched(chunksOf(TEXT, 2));
    for await (const _ of decompressAuto(source)) break;
    expect(source.isClosed).toBe(true);
  });
});

describe('unxz', () => {
  test.each(XZ_FIXTURES)('unpacks $name', async ({ packed, content }) => {
    for (const size of [packed.length, 1, 321])
      expect((await gather(unxz(sourceOf(chunksOf(packed, size))))).equals(content)).toBe(true);
  });

  test('unpacks several streams, and padding, as one', async () => {
    const [words, lines] = XZ_FIXTURES;
    const bytes = Buffer.concat([words!.packed, lines!.packed, Buffer.alloc(8)]);
    expect(await gather(unxz(sourceOf([bytes])))).toEqual(Buffer.concat([words!.content, lines!.content]));
  });

  test('takes a stream that stops anywhere for truncated', async () => {
    const { packed } = XZ_FIXTURES[0]!;
    for (let length = 0; length < packed.length; length += 7)
      await expect(gather(unxz(sourceOf([packed.subarray(0, length)])))).rejects.toMatchObject({
        code: 'TRUNCATED',
      });
  });

  test('refuses what is broken', async () => {
    const { packed } = XZ_FIXTURES[0]!;
    for (const at of [0, 8, 20, 60, 200, packed.length - 20])
      await expect(
        gather(unxz(sourceOf([Buffer.from(packed).fill(0x55, at, at + 4)]))),
      ).rejects.toMatchObject({
        name: 'WherryError',
        kind: expect.stringMatching(/corrupt|unsupported/),
      });
  });

  test.each(XZ_UNSUPPORTED)('says that it cannot read $name', async ({ packed }) => {
    await expect(gather(unxz(sourceOf([packed])))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  test('passes an error of the source on', async () => {
    const failure = new Error('reset');
    async function* failing() {
      yield XZ_FIXTURES[0]!.packed.subarray(0, 100);
      throw failure;
    }
    await expect(gather(unxz(failing()))).rejects.toBe(failure);
  });
});

describe('decompressWeb', () => {
  test('unpacks gzip with the platform alone', async () => {
    for (const size of [GZIP.length, 1, 321])
      expect((await gather(decompressWeb(sourceOf(chunksOf(GZIP, size)), 'gzip'))).equals(TEXT)).toBe(true);
    expect(await gather(decompressWeb(sourceOf([TEXT]), 'none'))).toEqual(TEXT);
  });

  test('refuses what is truncated or broken, and what browsers cannot unpack', async () => {
    const truncated = decompressWeb(sourceOf(chunksOf(GZIP.subarray(0, -5), 100)), 'gzip');
    await expect(gather(truncated)).rejects.toMatchObject({ code: 'CORRUPT' });
    const broken = Buffer.from(GZIP).fill(255, 200, 400);
    await expect(gather(decompressWeb(sourceOf(chunksOf(broken, 100)), 'gzip'))).rejects.toMatchObject({
      code: 'CORRUPT',
    });
    expect(() => decompressWeb(sourceOf([]), 'zstd')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    );
  });

  test('passes an error of the source on', async () => {
    const failure = new Error('reset');
    async function* failing() {
      yield GZIP.subarray(0, 100);
      throw failure;
    }
    await expect(gather(decompressWeb(failing(), 'gzip'))).rejects.toBe(failure);
  });
});

const cases = new URL('../../../../../shared/cases/tar-hostile/', import.meta.url);
describe.skipIf(!existsSync(cases))('recorded archives', () => {
  test.each(['cmp-bzip2.tar.bz2', 'cmp-xz.tar.xz', 'cmp-gzip-trailing.tar.gz', 'cmp-gzip-bomb.tar.gz'])(
    '%s unpacks to what docker import unpacks',
    async (name) => {
      const expected = JSON.parse(readFileSync(new URL('expected.json', cases), 'utf8'));
      const bytes = readFileSync(new URL(name, cases));
      for (const size of [bytes.length, 321])
        expect(sha256(await gather(decompressAuto(sourceOf(chunksOf(bytes, size)))))).toBe(
          expected[name].import.diffID[0],
        );
    },
  );
});
