import { isDeepStrictEqual } from 'node:util';
import type { GoldenCase } from './cases.ts';
import type { Outcome } from './normalise.ts';
import { type CaseResult, MIN_EQUAL } from './suite.ts';

/** Lines around a difference that are shown too. */
const CONTEXT = 2;

/** How the cases of a run came out. */
export interface Counts {
  readonly cases: number;
  readonly applicable: number;
  readonly equal: number;
  readonly different: number;
  readonly unexplained: number;
  readonly leftOut: number;
}

export function countLine({ cases, applicable, equal, different, unexplained, leftOut }: Counts): string {
  const outcomes = `${equal} equal, ${different} different by decision, ${unexplained} unexplained`;
  return `${cases} cases: ${applicable} applicable, ${outcomes}; ${leftOut} left out`;
}

/** Whether all is as it should be: something replayed, nothing unexplained, nearly everything equal. */
export function isGood({ applicable, equal, unexplained }: Counts): boolean {
  return applicable > 0 && unexplained === 0 && equal >= MIN_EQUAL * applicable;
}

/** What a case that differs printed, beside what the recorded client had. */
export function describeResult({ recorded, verdict, reason, expected, actual }: CaseResult): string {
  const { id, argv, setup } = recorded;
  const words = argv.map((word) => (/^[\w./:=@,-]+$/.test(word) ? word : JSON.stringify(word)));
  const head = [
    `${verdict === 'unexplained' ? 'UNEXPLAINED' : 'by decision'}  ${id}: wherry ${words.join(' ')}`,
    ...(reason === undefined ? [] : [`  ${verdict === 'unexplained' ? '' : 'wherry '}${reason}`]),
    ...(setup === undefined ? [] : [`  before: ${setup}`]),
  ];
  const parts = (['exit', 'stdout', 'stderr', 'effects'] as const)
    .filter((part) => !isDeepStrictEqual(expected[part], actual[part]))
    .flatMap((part) => [
      `  ${part}, - Docker, + wherry:`,
      ...diffLines(linesOf(expected[part]), linesOf(actual[part])),
    ]);
  return [...head, ...parts, ''].join('\n');
}

/** The reasons why cases are left out, with their numbers, the most frequent first. */
export function describeLeftOut(leftOut: ReadonlyMap<string, readonly GoldenCase[]>): string {
  const rows = [...leftOut].sort(([, a], [, b]) => b.length - a.length);
  return rows.map(([reason, cases]) => `${String(cases.length).padStart(5)}  ${reason}`).join('\n');
}

function linesOf(part: Outcome[keyof Outcome]): string[] {
  if (typeof part === 'string') return part.split('\n');
  const values = Object.values(part ?? {}) as unknown[];
  if (typeof part === 'object') return values.flatMap((value) => String(value).split('\n'));
  return [String(part)];
}

/** Both sides between what they have in common at the beginning and at the end. */
function diffLines(expected: readonly string[], actual: readonly string[]): string[] {
  const shorter = Math.min(expected.length, actual.length);
  let first = 0;
  while (first < shorter && expected[first] === actual[first]) first++;
  let last = 0;
  while (last < shorter - first && expected.at(-1 - last) === actual.at(-1 - last)) last++;
  const shown = (lines: readonly string[], sign: string) => lines.map((line) => `    ${sign} ${line}`);
  return [
    ...shown(expected.slice(Math.max(0, first - CONTEXT), first), ' '),
    ...shown(expected.slice(first, expected.length - last), '-'),
    ...shown(actual.slice(first, actual.length - last), '+'),
    ...shown(expected.slice(expected.length - last, expected.length - last + CONTEXT), ' '),
  ];
}
