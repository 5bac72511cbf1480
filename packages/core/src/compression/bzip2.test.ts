import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWherryError } from '../errors.ts';
import { chunksOf } from '../testing/chunks.ts';
import { BZIP2_FIXTURES } from '../testing/packed-fixtures.ts';
import { Bzip2Decoder } from './bzip2.ts';

const WORDS = BZIP2_FIXTURES[0]!;
const BLOCKS = BZIP2_FIXTURES[1]!;

function unpack(bytes: Uint8Array, chunkSize: number): Buffer {
  const decoder = new Bzip2Decoder();
  const pieces: Buffer[] = [];
  const emit = (output: Uint8Array) => pieces.push(Buffer.from(output));
  try {
    for (const chunk of chunksOf(bytes, chunkSize)) decoder.write(chunk, emit);
    decoder.finish(emit);
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

describe('Bzip2Decoder', () => {
  test.each(BZIP2_FIXTURES)('unpacks $name', ({ packed, content }) => {
    for (const size of [packed.length, 1, 321]) expect(unpack(packed, size).equals(content)).toBe(true);
  });

  test('unpacks several streams as one', () => {
    const bytes = Buffer.concat(BZIP2_FIXTURES.map(({ packed }) => packed));
    const content = Buffer.concat(BZIP2_FIXTURES.map((fixture) => fixture.content));
    for (const size of [bytes.length, 1]) expect(unpack(bytes, size).equals(content)).toBe(true);
  });

  test('unpacks while its input still comes, so that it need not hold it all', () => {
    const copies = Math.ceil(2_700_000 / BLOCKS.packed.length);
    const bytes = Buffer.concat(Array.from({ length: copies }, () => BLOCKS.packed));
    const decoder = new Bzip2Decoder();
    let pieces = 0;
    for (const output of decoder.steps(bytes)) {
      expect(output.length).toBeLessThanOrEqual(256 * 1024);
      if (++pieces === 20) break;
    }
    decoder.close();
    expect(pieces).toBe(20);
  });

  test('takes a stream that stops anywhere for truncated', () => {
    const bytes = Buffer.concat([WORDS.packed, BLOCKS.packed]);
    for (let length = 0; length < bytes.length; length++)
      expect([length, codeOf(() => unpack(bytes.subarray(0, length), 17))]).toEqual([
        length,
        length === WORDS.packed.length ? 'fine' : 'TRUNCATED',
      ]);
  });

  test.each([
    { name: 'no bzip2', bytes: Buffer.from('BZip2, not') },
    { name: 'a block size of 0', bytes: Buffer.from('BZh0') },
    { name: 'bytes behind the end', bytes: Buffer.concat([WORDS.packed, Buffer.from('hello there')]) },
    { name: 'another magic of a block', bytes: Buffer.from(WORDS.packed).fill(0x11, 5, 6) },
    { name: 'a wrong checksum of a block', bytes: Buffer.from(WORDS.packed).fill(0, 10, 14) },
    { name: 'a wrong checksum of the stream', bytes: flipped(WORDS.packed, WORDS.packed.length - 3) },
    { name: 'a randomised block', bytes: Buffer.from(WORDS.packed).fill(0x80, 14, 15) },
  ])('refuses $name as corrupt', ({ bytes }) => {
    for (const size of [bytes.length, 1]) expect(codeOf(() => unpack(bytes, size))).toBe('CORRUPT');
  });

  test('never fails in another way, nor unpacks something else, whatever byte is changed', () => {
    for (let at = 0; at < WORDS.packed.length - 1; at++)
      expect(['CORRUPT', 'TRUNCATED']).toContain(codeOf(() => unpack(flipped(WORDS.packed, at), 4096)));
  });

  test('never fails in another way, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(BLOCKS.packed.length), (junk, at) => {
        const bytes = Buffer.concat([
          BLOCKS.packed.subarray(0, at),
          junk,
          BLOCKS.packed.subarray(at + junk.length),
        ]);
        expect(['fine', 'CORRUPT', 'TRUNCATED']).toContain(codeOf(() => unpack(bytes, 50)));
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

function flipped(bytes: Uint8Array, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = changed[at]! ^ 0x10;
  return changed;
}
