import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byteLength,
  compareStrings,
  decodeUtf8,
  encodeUtf8,
  normalizeUtf8,
  runeCount,
  sliceBytes,
} from './utf8.ts';

const text = fc.string({ unit: 'binary' });

describe('strings as bytes', () => {
  test('any bytes come back as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeUtf8(decodeUtf8(bytes))).toEqual(bytes);
      }),
      { seed: 1 },
    );
  });

  test.each([
    { name: 'a stray byte', bytes: [0x61, 0xff, 0x62] },
    { name: 'a character cut off', bytes: [0xe6, 0x97] },
    { name: 'an overlong form', bytes: [0xc0, 0x80, 0xe0, 0x80, 0x80, 0xf0, 0x80, 0x80, 0x80] },
    { name: 'a surrogate', bytes: [0xed, 0xa0, 0x80] },
    { name: 'beyond U+10FFFF', bytes: [0xf4, 0x90, 0x80, 0x80, 0xf8] },
    { name: 'a byte order mark', bytes: [0xef, 0xbb, 0xbf, 0x61] },
    { name: 'the replacement character itself', bytes: [0xef, 0xbf, 0xbd] },
  ])('$name keeps its bytes', ({ bytes }) => {
    const decoded = decodeUtf8(Uint8Array.from(bytes));
    expect([...encodeUtf8(decoded)]).toEqual(bytes);
    expect(byteLength(decoded)).toBe(bytes.length);
  });

  test('the length is that of the encoding', () => {
    fc.assert(
      fc.property(text, (each) => {
        expect(byteLength(each)).toBe(new TextEncoder().encode(each).length);
        expect(runeCount(each)).toBe([...each].length);
      }),
      { seed: 2 },
    );
  });

  test('the parts of a string that is cut anywhere make it up again', () => {
    fc.assert(
      fc.property(text, fc.nat(), (each, at) => {
        const length = byteLength(each);
        const cut = at % (length + 1);
        expect(normalizeUtf8(sliceBytes(each, 0, cut) + sliceBytes(each, cut, length))).toBe(each);
      }),
      { seed: 3 },
    );
  });

  test('they are ordered by their bytes', () => {
    const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareStrings(a, b))).toBe(byBytes(a, b));
      }),
      { seed: 4 },
    );
    expect(compareStrings('\uffff', '\u{1f6a2}')).toBeLessThan(0);
  });
});
