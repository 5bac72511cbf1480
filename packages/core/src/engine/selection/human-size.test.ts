import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseHumanSize } from './human-size.ts';

// What Docker's own library makes of them, from a directory beside the checkout.
const CASES = new URL('../../../../../../shared/cases/units/size-parse.json', import.meta.url);

interface SizeCase {
  readonly input: string;
  readonly fromHumanSize: number;
  readonly sizeError: string | null;
}

function readCases(): SizeCase[] {
  return existsSync(CASES) ? JSON.parse(readFileSync(CASES, 'utf8')) : [];
}

describe('parseHumanSize', () => {
  test.each([
    { text: '100MB', bytes: 100_000_000 },
    { text: '1.5 g', bytes: 1_500_000_000 },
    { text: '2KiB', bytes: 2000 },
    { text: '7', bytes: 7 },
  ])('reads $text', ({ text, bytes }) => expect(parseHumanSize(text)).toBe(bytes));

  test.each(['', 'MB', '-1', '1XB', '1MBs', '1 000'])('refuses %j', (text) =>
    expect(() => parseHumanSize(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' })),
  );

  test.skipIf(!existsSync(CASES)).each(readCases())('$input as Docker', ({ input, ...expected }) => {
    const read = () => parseHumanSize(input);
    if (expected.sizeError === null) expect(read()).toBe(expected.fromHumanSize);
    else expect(read).toThrow(expect.objectContaining({ message: expected.sizeError }));
  });
});
