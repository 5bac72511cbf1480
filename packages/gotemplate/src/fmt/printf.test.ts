import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { float32 } from '../go-type.ts';
import { toGo, typed } from '../go-value.ts';
import { unquote } from '../quote.ts';
import { sprint, sprintf, sprintln } from './printf.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const width = fc.integer({ min: 1, max: 40 });
const printf = (format: string, ...values: readonly unknown[]) => sprintf(format, values.map(toGo));

describe('printf, against what JavaScript knows', () => {
  test('integers in every base, with width and sign', () => {
    fc.assert(
      fc.property(int64, width, (value, wide) => {
        expect(printf('%d|%v', value, value)).toBe(`${value}|${value}`);
        expect(printf('%x|%o|%b', value, value, value)).toBe(
          [16, 8, 2].map((radix) => value.toString(radix)).join('|'),
        );
        expect(printf(`%${wide}d`, value)).toBe(String(value).padStart(wide));
        expect(printf(`%-${wide}d|`, value)).toBe(`${String(value).padEnd(wide)}|`);
        expect(printf('%+d', value)).toBe(value < 0n ? String(value) : `+${value}`);
        expect(BigInt(printf(`%0${wide}d`, value).replace(/^(-?)0+(?=\d)/, '$1'))).toBe(value);
      }),
      { seed: 1 },
    );
  });

  test('strings with width and precision', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), width, (text, wide) => {
        const characters = [...text];
        const padding = ' '.repeat(Math.max(0, wide - characters.length));
        expect(printf('%s', text)).toBe(text);
        expect(printf(`%${wide}s`, text)).toBe(padding + text);
        expect(printf(`%-${wide}s`, text)).toBe(text + padding);
        expect(printf(`%.${wide}s`, text)).toBe(characters.slice(0, wide).join(''));
        expect(unquote(printf('%q', text))).toBe(text);
        expect(unquote(printf('%+q', text))).toBe(text);
        expect(printf('%x', text)).toBe(Buffer.from(text).toString('hex'));
      }),
      { seed: 2 },
    );
  });

  test('floats read back as what they were', () => {
    fc.assert(
      fc.property(finite, (value) => {
        for (const verb of ['%v', '%g', '%G', '%.17g', '%.17e', '%.1100f'])
          expect(Number(printf(verb, value))).toBe(value);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test('float32s read back as what they were', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(Number(sprintf('%v', [typed(float32, value)])))).toBe(value);
      }),
      { seed: 6 },
    );
  });

  test('floats are rounded to the nearest, halves to even', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        fc.integer({ min: 0, max: 8 }),
        (value, places) => {
          const [exact, rounded] = [printf('%.1100f', value), printf(`%.${places}f`, value)].map((each) =>
            BigInt((each ?? '').replace('.', '').padEnd(0)),
          );
          const unit = 10n ** BigInt(1100 - places);
          const error = (rounded ?? 0n) * unit - (exact ?? 0n);
          expect((error < 0n ? -error : error) * 2n <= unit).toBe(true);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
    expect(printf('%.0f %.0f %.0f %.2f', 0.5, 1.5, 2.5, 2.675)).toBe('0 2 2 2.67');
  });

  test('any format and values give a text', () => {
    const value = fc.oneof(
      fc.integer(),
      int64,
      finite,
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string()),
    );
    const format = fc.array(fc.constantFrom(...'%%%vdsxq+-# 0.*[]12aé'), { maxLength: 20 });
    fc.assert(
      fc.property(format, fc.array(value, { maxLength: 4 }), (characters, values) => {
        expect(typeof printf(characters.join(''), ...values)).toBe('string');
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});

test('print spaces operands that are no strings, println all', () => {
  const values = ['a', 1n, 2n, 'b', null, null, 'c'].map(toGo);
  expect(sprint(values)).toBe('a1 2b<nil> <nil>c');
  expect(sprintln(values)).toBe('a 1 2 b <nil> <nil> c\n');
});
