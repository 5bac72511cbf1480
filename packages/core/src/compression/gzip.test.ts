import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWherryError } from '../errors.ts';
import { chunksOf } from '../testing/chunks.ts';
import { noise, prose } from '../testing/layer-fixtures.ts';
import { GzipDecoder } from './gzip.ts';
import { hasSyncZlib } from './sync-zlib.ts';

const TEXT = prose(200_000);
const PACKED = gzipSync(TEXT);

/** A member with every optional header field. */
function decoratedMember(content: Uint8Array, extra: Uint8Array): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 255]);
  const extraLength = Buffer.alloc(2);
  extraLength.writeUInt16LE(extra.length);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  const names = Buffer.from('a name\0a comment\0');
  return Buffer.concat([
    header,
    extraLength,
    extra,
    names,
    Buffer.of(1, 2),
    deflateRawSync(content),
    trailer,
  ]);
}

function unpack(bytes: Uint8Array, chunkSize: number): Buffer {
  const decoder = new GzipDecoder();
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

describe('GzipDecoder', () => {
  test('may be used with this Node', () => {
    expect(hasSyncZlib('gzip')).toBe(true);
  });

  test.each([
    { name: 'one member', bytes: PACKED, content: TEXT },
    { name: 'an empty member', bytes: gzipSync(''), content: Buffer.alloc(0) },
    { name: 'incompressible bytes', bytes: gzipSync(noise(70_000)), content: noise(70_000) },
    {
      name: 'members one after the other, empty ones between',
      bytes: Buffer.concat([PACKED, gzipSync(''), gzipSync('tide'), gzipSync('')]),
      content: Buffer.concat([TEXT, Buffer.from('tide')]),
    },
    {
      name: 'every optional header field',
      bytes: Buffer.concat([
        decoratedMember(Buffer.from('oar'), noise(300)),
        decoratedMember(TEXT, Buffer.of()),
      ]),
      content: Buffer.concat([Buffer.from('oar'), TEXT]),
    },
    { name: 'zeros behind the end', bytes: Buffer.concat([PACKED, Buffer.alloc(700)]), content: TEXT },
    { name: 'garbage behind the end', bytes: Buffer.concat([PACKED, noise(700)]), content: TEXT },
    {
      name: 'garbage that begins like a magic',
      bytes: Buffer.concat([PACKED, Buffer.of(0x1f, 0x8b, 7)]),
      content: TEXT,
    },
    {
      name: 'output that fills its buffer exactly',
      bytes: gzipSync(prose(512 * 1024)),
      content: prose(512 * 1024),
    },
  ])('unpacks $name', ({ bytes, content }) => {
    for (const size of [bytes.length, 1, 321]) expect(unpack(bytes, size).equals(content)).toBe(true);
  });

  test('takes a stream that stops anywhere for truncated', () => {
    const bytes = Buffer.concat([gzipSync('ebb'), decoratedMember(prose(3000), noise(40))]);
    const whole = gzipSync('ebb').length;
    for (let length = 0; length < bytes.length; length++)
      expect([length, codeOf(() => unpack(bytes.subarray(0, length), 17))]).toEqual([
        length,
        length === whole ? 'fine' : 'TRUNCATED',
      ]);
  });

  test.each([
    { name: 'no gzip at all', bytes: Buffer.from('hello there, quay') },
    { name: 'another method', bytes: Buffer.from(PACKED).fill(9, 2, 3) },
    { name: 'a broken deflate stream', bytes: Buffer.from(PACKED).fill(0xff, 5000, 5100) },
    { name: 'a wrong checksum', bytes: Buffer.from(PACKED).fill(0, PACKED.length - 8, PACKED.length - 4) },
    { name: 'a wrong length', bytes: Buffer.from(PACKED).fill(0, PACKED.length - 4) },
    {
      name: 'a broken second member',
      bytes: Buffer.concat([PACKED, Buffer.from(PACKED).fill(0xff, 900, 1000)]),
    },
  ])('refuses $name as corrupt', ({ bytes }) => {
    for (const size of [bytes.length, 1, 321]) expect(codeOf(() => unpack(bytes, size))).toBe('CORRUPT');
  });

  test('never fails in another way, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.nat(PACKED.length),
        fc.integer({ min: 1, max: 600 }),
        (junk, at, size) => {
          const bytes = Buffer.from(PACKED);
          bytes.set(junk.subarray(0, Math.max(0, bytes.length - at)), at);
          expect(['fine', 'CORRUPT', 'TRUNCATED']).toContain(codeOf(() => unpack(bytes, size)));
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test('unpacks what gzip packed, split anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 5000 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4000 }),
        (parts, size) => {
          const bytes = Buffer.concat(parts.map((part) => gzipSync(part)));
          expect(unpack(bytes, size).equals(Buffer.concat(parts))).toBe(true);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});
