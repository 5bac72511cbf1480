import { describe, expect, test } from 'vitest';
import { matchesEtag, parseContentRange, parseRange, uploadRange } from './headers.ts';

const part = (start: number, end: number) => ({ kind: 'part', range: { start, end } });

describe('parseRange', () => {
  test.each([
    { name: 'no header', header: undefined, want: { kind: 'whole' } },
    { name: 'both ends', header: 'bytes=2-4', want: part(2, 5) },
    { name: 'an open end', header: 'bytes=7-', want: part(7, 10) },
    { name: 'an end behind the blob', header: 'bytes=7-99', want: part(7, 10) },
    { name: 'a suffix', header: 'bytes=-3', want: part(7, 10) },
    { name: 'a suffix longer than the blob', header: 'bytes=-30', want: part(0, 10) },
    { name: 'an empty suffix', header: 'bytes=-0', want: { kind: 'unsatisfiable' } },
    { name: 'a start at the size', header: 'bytes=10-', want: { kind: 'unsatisfiable' } },
    { name: 'ends the wrong way round', header: 'bytes=5-4', want: { kind: 'whole' } },
    { name: 'several parts', header: 'bytes=0-1,3-4', want: { kind: 'whole' } },
    { name: 'another unit', header: 'lines=0-1', want: { kind: 'whole' } },
    { name: 'nothing in it', header: 'bytes=-', want: { kind: 'whole' } },
  ])('reads $name', ({ header, want }) => {
    expect(parseRange(header, 10)).toEqual(want);
  });

  test('has no part of an empty blob to give', () => {
    expect(parseRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
    expect(parseRange('bytes=-1', 0)).toEqual({ kind: 'unsatisfiable' });
  });
});

describe('parseContentRange', () => {
  test.each([
    { name: 'the form of the specification', header: '0-9', want: { startAt: 0, length: 10 } },
    { name: 'the form of HTTP', header: 'bytes 5-9/*', want: { startAt: 5, length: 5 } },
    { name: 'one byte', header: '7-7', want: { startAt: 7, length: 1 } },
  ])('reads $name', ({ header, want }) => {
    expect(parseContentRange(header)).toEqual(want);
  });

  test.each(['', '5', '5-', '-5', '5-4', '0-9 ', 'x0-9', `0-${'9'.repeat(16)}`])('refuses %j', (header) => {
    expect(() => parseContentRange(header)).toThrow('invalid Content-Range');
  });
});

test('says 0-0 of an upload that holds nothing, and of one that holds a byte', () => {
  expect([0, 1, 2].map(uploadRange)).toEqual(['0-0', '0-0', '0-1']);
});

test.each([
  { name: 'the same tag', header: '"a"', want: true },
  { name: 'one of several', header: '"b", W/"a"', want: true },
  { name: 'anything', header: '*', want: true },
  { name: 'another', header: '"b"', want: false },
  { name: 'none', header: undefined, want: false },
])('matches an entity tag against $name', ({ header, want }) => {
  expect(matchesEtag(header, '"a"')).toBe(want);
});
