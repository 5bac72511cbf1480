import { expect, test } from 'vitest';
import { nearestName } from './nearest-name.ts';

const KNOWN = ['level', 'format', 'max-bytes', 'addr'];

test.each([
  { name: 'a letter too many', written: 'levell', meant: 'level' },
  { name: 'one too few', written: 'forma', meant: 'format' },
  { name: 'another one', written: 'max_bytes', meant: 'max-bytes' },
  { name: 'two that changed places', written: 'lveel', meant: 'level' },
  { name: 'nothing like it', written: 'colour', meant: undefined },
  { name: 'too short to tell', written: 'a', meant: undefined },
  { name: 'nothing at all', written: '', meant: undefined },
  { name: 'something long', written: 'x'.repeat(10_000), meant: undefined },
])('$name', ({ written, meant }) => {
  expect(nearestName(written, KNOWN)).toBe(meant);
});
