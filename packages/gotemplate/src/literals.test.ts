import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readComplex, readNumber } from './literals.ts';

describe('numbers', () => {
  test('an integer has its value in every base', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (value) => {
        const forms = [
          String(value),
          `0x${value.toString(16)}`,
          `0b${value.toString(2)}`,
          `0o${value.toString(8)}`,
          `0${value.toString(8)}`,
        ];
        for (const form of forms) expect(readNumber(form)).toMatchObject({ int: value, uint: value });
        expect(readNumber(`-${value}`)).toMatchObject({ int: -value });
      }),
      { seed: 1 },
    );
  });

  test('a float has its value in decimal', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(readNumber(value.toExponential())).toMatchObject({ float: value + 0 });
      }),
      { seed: 2 },
    );
  });

  test.each([
    { text: '0x1p-1074', float: 5e-324 },
    { text: '0x1p-1075', float: 0 },
    { text: '0x1.8p-1075', float: 5e-324 },
    { text: '0x1.fffffffffffffp1023', float: Number.MAX_VALUE },
    { text: '0x1.fffffffffffff8p0', float: 2 },
    { text: '0x1.00000000000008p0', float: 1 },
    { text: '0x.1P4', float: 1 },
    { text: '-0x_1_0p0', float: -16 },
    { text: '0x1p-99999999', float: 0 },
  ])('$text is $float', ({ text, float }) => expect(readNumber(text)).toMatchObject({ float }));

  test('a number too large for its form is an error', () => {
    expect(readNumber('18446744073709551616')).toBe('integer overflow: "18446744073709551616"');
    expect(readNumber('1e309')).toBe('illegal number syntax: "1e309"');
    expect(readComplex('1+1e309i')).toBe('strconv.ParseFloat: parsing "+1e309": value out of range');
  });
});
