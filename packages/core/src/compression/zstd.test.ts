import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWherryError } from '../errors.ts';
import { chunksOf } from '../testing/chunks.ts';
import { noise, prose } from '../testing/layer-fixtures.ts';
import { hasSyncZlib } from './sync-zlib.ts';
import { ZstdDecoder } from './zstd.ts';

const TEXT = prose(400_000);
const PACKED = zstdCompressSync(TEXT);
const CHECKED = zstdCompressSync(TEXT, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

function skippable(content: Uint8Array, variant = 0): Buffer {
  const header = Buffer.from([0x50 | variant, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}

/** A frame with a window descriptor, no checksum, and the blocks given as header and content. */
function frame(windowDescriptor: number, ...blocks: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, windowDescriptor), ...blocks]);
}

function block(type: number, size: number, content: Uint8Array, last = true): Buffer {
  const header = (size << 3) | (type << 1) | (last ? 1 : 0);
  return Buffer.concat([Buffer.of(header & 255, (header >> 8) & 255, header >> 16), content]);
}

function unpack(bytes: Uint8Array, chunkSize: number): Buffer {
  const decoder = new ZstdDecoder();
  const pieces: Buffer[] = [];
  const emit = (output: Uint8Array) => pieces.push(Buffer.from(output));
  try {
    for (const chunk of chunksOf(bytes, chunkSize)) decoder.write(chunk, emit);
    decoder.finish();
  } finally {
    decoder.close();
  }
  return Buffer.concat(pieces);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isWherryError(error)) return error.code;
    throw error;
  }
  return 'fine';
}

describe('ZstdDecoder', () => {
  test('may be used with this Node', () => {
    expect(hasSyncZlib('zstd')).toBe(true);
  });

  test.each([
    { name: 'one frame', bytes: PACKED, content: TEXT },
    { name: 'a frame with a checksum', bytes: CHECKED, content: TEXT },
    { name: 'an empty frame', bytes: zstdCompressSync(''), content: Buffer.alloc(0) },
    { name: 'a short frame', bytes: zstdCompressSync('oar'), content: Buffer.from('oar') },
    {
      name: 'frames one after the other, empty ones between',
      bytes: Buffer.concat([PACKED, zstdCompressSync(''), CHECKED, zstdCompressSync('tide')]),
      content: Buffer.concat([TEXT, TEXT, Buffer.from('tide')]),
    },
    {
      name: 'skippable frames before, between and behind',
      bytes: Buffer.concat([
        skippable(noise(10)),
        PACKED,
        skippable(Buffer.of(), 15),
        CHECKED,
        skippable(noise(3000), 7),
      ]),
      content: Buffer.concat([TEXT, TEXT]),
    },
    {
      name: 'raw and repeated blocks',
      bytes: frame(0x50, block(0, 3, Buffer.from('oar'), false), block(1, 1000, Buffer.from('!'))),
      content: Buffer.from(`oar${'!'.repeat(1000)}`),
    },
    {
      name: 'output that fills its buffer exactly',
      bytes: zstdCompressSync(prose(512 * 1024)),
      content: prose(512 * 1024),
    },
  ])('unpacks $name', ({ bytes, content }) => {
    for (const size of [bytes.length, 1, 321]) expect(unpack(bytes, size).equals(content)).toBe(true);
  });

  test('takes a stream that stops anywhere for truncated', () => {
    const frames = [
      skippable(noise(20)),
      zstdCompressSync(prose(2000)),
      CHECKED.subarray(0, 0),
      zstdCompressSync('ebb'),
    ];
    const edges = new Set<number>();
    let end = 0;
    for (const part of frames) {
      end += part.length;
      edges.add(end);
    }
    const bytes = Buffer.concat(frames);
    for (let length = 0; length < bytes.length; length++)
      expect([length, codeOf(() => unpack(bytes.subarray(0, length), 17))]).toEqual([
        length,
        edges.has(length) ? 'fine' : 'TRUNCATED',
      ]);
    for (const length of [CHECKED.length - 1, CHECKED.length - 4, 1000])
      expect(codeOf(() => unpack(CHECKED.subarray(0, length), 4096))).toBe('TRUNCATED');
  });

  test.each([
    { name: 'no zstd at all', bytes: Buffer.from('hello there, quay'), code: 'CORRUPT' },
    { name: 'garbage behind the last frame', bytes: Buffer.concat([PACKED, noise(100)]), code: 'CORRUPT' },
    { name: 'a broken block', bytes: Buffer.from(CHECKED).fill(0xff, 900, 1000), code: 'CORRUPT' },
    { name: 'a wrong checksum', bytes: Buffer.from(CHECKED).fill(0, CHECKED.length - 4), code: 'CORRUPT' },
    { name: 'a reserved block type', bytes: frame(0x50, block(3, 4, noise(4))), code: 'CORRUPT' },
    {
      name: 'a reserved header bit',
      bytes: Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 8, 0x50, 1, 0, 0),
      code: 'CORRUPT',
    },
    { name: 'a window of 256 MiB', bytes: frame(18 << 3, block(0, 1, noise(1))), code: 'TOO_LARGE' },
    { name: 'a window of terabytes', bytes: frame(0xff, block(0, 1, noise(1))), code: 'TOO_LARGE' },
  ])('refuses $name', ({ bytes, code }) => {
    for (const size of [bytes.length, 1, 321]) expect(codeOf(() => unpack(bytes, size))).toBe(code);
  });

  test('never fails in another way, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.nat(PACKED.length),
        fc.integer({ min: 1, max: 600 }),
        (junk, at, size) => {
          const bytes = Buffer.from(PACKED);
          bytes.set(junk.subarray(0, Math.max(0, bytes.length - at)), at);
          expect(['fine', 'CORRUPT', 'TRUNCATED', 'TOO_LARGE']).toContain(codeOf(() => unpack(bytes, size)));
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test('unpacks what zstd packed, split anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 5000 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4000 }),
        (parts, size) => {
          const bytes = Buffer.concat(parts.map((part) => zstdCompressSync(part)));
          expect(unpack(bytes, size).equals(Buffer.concat(parts))).toBe(true);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});
