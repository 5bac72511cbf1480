import { describe, expect, test } from 'vitest';
import type { GoldenCase } from './cases.ts';
import { countLine, describeLeftOut, describeResult, isGood } from './report.ts';
import { judge } from './suite.ts';

const CASE: GoldenCase = {
  id: 'tag/some',
  file: 'tag',
  name: 'some',
  client: '28.2.2',
  argv: ['tag', 'a', 'two words'],
  exit: 0,
};
const DECIDED: GoldenCase = { ...CASE, id: 'load/zst' };
const OUTCOME = { exit: 0, stdout: 'one\ntwo\nthree\nfour\n', stderr: '' };
const OTHER = { ...OUTCOME, stdout: 'one\ntwo\nthree\nfive\n' };

describe('a case', () => {
  test.each([
    { name: 'equal', recorded: CASE, actual: OUTCOME, verdict: 'equal' },
    { name: 'other', recorded: CASE, actual: OTHER, verdict: 'unexplained' },
    { name: 'another exit code', recorded: CASE, actual: { ...OUTCOME, exit: 1 }, verdict: 'unexplained' },
    { name: 'other effects', recorded: CASE, actual: { ...OUTCOME, effects: {} }, verdict: 'unexplained' },
    { name: 'other, which is decided', recorded: DECIDED, actual: OTHER, verdict: 'different-by-decision' },
    { name: 'equal, though decided', recorded: DECIDED, actual: OUTCOME, verdict: 'unexplained' },
  ])('with $name is $verdict', ({ recorded, actual, verdict }) => {
    expect(judge(recorded, { expected: OUTCOME, actual }).verdict).toBe(verdict);
  });

  test('that differs is shown with what is around the difference', () => {
    expect(describeResult(judge(CASE, { expected: OUTCOME, actual: OTHER }))).toBe(`\
UNEXPLAINED  tag/some: wherry tag a "two words"
  stdout, - Docker, + wherry:
      two
      three
    - four
    + five
      
`);
  });
});

describe('the counts', () => {
  const counts = { cases: 210, applicable: 200, equal: 194, different: 6, unexplained: 0, leftOut: 10 };

  test('are one line', () => {
    expect(countLine(counts)).toBe(
      '210 cases: 200 applicable, 194 equal, 6 different by decision, 0 unexplained; 10 left out',
    );
  });

  test.each([
    { name: 'nearly all are equal', counts, good: true },
    { name: 'too few are equal', counts: { ...counts, equal: 189, different: 11 }, good: false },
    {
      name: 'nothing is replayed',
      counts: { ...counts, applicable: 0, equal: 0, different: 0 },
      good: false,
    },
    {
      name: 'one is unexplained',
      counts: { ...counts, equal: 199, different: 0, unexplained: 1 },
      good: false,
    },
  ])('when $name: $good', ({ counts: these, good }) => expect(isGood(these)).toBe(good));

  test('of what is left out begin with the largest', () => {
    const leftOut = new Map([
      ['it is rare', [CASE]],
      ['it is not', [CASE, CASE]],
    ]);
    expect(describeLeftOut(leftOut)).toBe('    2  it is not\n    1  it is rare');
  });
});
