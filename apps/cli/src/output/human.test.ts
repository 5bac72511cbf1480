import { existsSync, readFileSync } from 'node:fs';
import { humanAge, humanDuration } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { binarySize, humanSize, localRfc3339, shortSize } from './human.ts';

const CASES = new URL('../../../../../shared/cases/units/', import.meta.url);

function read<T>(name: string): T[] {
  return existsSync(CASES) ? JSON.parse(readFileSync(new URL(name, CASES), 'utf8')) : [];
}

describe.skipIf(!existsSync(CASES))('the recorded cases', () => {
  test.each(
    read<{ bytes: number; bytesSize: string; humanSize: string; humanSizePrecision3: string }>(
      'human-size.json',
    ),
  )('writes $bytes bytes', ({ bytes, ...expected }) => {
    expect([binarySize(bytes), humanSize(bytes), shortSize(bytes)]).toEqual([
      expected.bytesSize,
      expected.humanSize,
      expected.humanSizePrecision3,
    ]);
  });

  test.each(read<{ seconds: number; humanDuration: string }>('human-duration.json'))(
    'writes $seconds seconds',
    ({ seconds, humanDuration: expected }) => {
      expect(humanDuration(seconds)).toBe(expected);
    },
  );
});

test.each([
  { bytes: 12_250_000, short: '12.2MB' },
  { bytes: 12_350_000, short: '12.3MB' },
  { bytes: 1_125_000, short: '1.12MB' },
  { bytes: 1_375_000, short: '1.38MB' },
  { bytes: 249, short: '249B' },
  { bytes: 123_456, short: '123kB' },
])('rounds $bytes bytes half to even, as Go does', ({ bytes, short }) => {
  expect(shortSize(bytes)).toBe(short);
});

test('does not count more than the 292 years that Go can', () => {
  expect(humanAge(new Date('0100-01-01T00:00:00Z'), new Date('2026-01-01T00:00:00Z'))).toBe('292 years ago');
});

test('writes a time in the local zone, and the zero time as Go does', () => {
  expect(Date.parse(localRfc3339(new Date('2021-08-31T01:20:48.4Z')))).toBe(
    Date.parse('2021-08-31T01:20:48Z'),
  );
  expect(localRfc3339(undefined)).toBe('0001-01-01T00:00:00Z');
});
