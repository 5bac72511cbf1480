import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canBackquote, quote, quoteRune, unquote } from './quote.ts';

describe('string constants', () => {
  test.each([false, true])('what is quoted reads back, in ASCII only: %s', (ascii) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const quoted = quote(text, ascii);
        expect(unquote(quoted)).toBe(text);
        if (ascii) expect(quoted).toMatch(/^[ -~]*$/);
      }),
      { seed: 1 },
    );
  });

  test.each([
    { text: 'a"b\\c\'d', quoted: '"a\\"b\\\\c\'d"' },
    { text: '\x07\b\f\n\r\t\v\0\x7f', quoted: '"\\a\\b\\f\\n\\r\\t\\v\\x00\\x7f"' },
    { text: 'é日🚢\u00ad\u2028\ufeff', quoted: '"é日🚢\\u00ad\\u2028\\ufeff"' },
    { text: 'a\udcffb', quoted: '"a\\xffb"' },
  ])('$quoted', ({ text, quoted }) => expect(quote(text)).toBe(quoted));

  test('in back quotes only what these can hold', () => {
    expect(canBackquote('a\tb "c" é')).toBe(true);
    for (const text of ['a`b', 'a\nb', '\x7f', '\ufeff', '\udcff']) expect(canBackquote(text)).toBe(false);
  });

  test('a rune that is none shows as the replacement character', () => {
    expect([
      quoteRune(0x61),
      quoteRune(0x27),
      quoteRune(-1),
      quoteRune(0xd800),
      quoteRune(0x65e5, true),
    ]).toEqual(["'a'", "'\\''", "'\ufffd'", "'\ufffd'", "'\\u65e5'"]);
  });
});
