import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyOf, readApiCopy, readCopiedTexts } from './testing/golden/copy.ts';
import { whyDifferent } from './testing/golden/decisions.ts';
import { readApiRecording } from './testing/golden/exchanges.ts';
import { whyLeftOut } from './testing/golden/left-out.ts';
import { ApiReplay, type CaseResult } from './testing/golden/replay.ts';

const CASE_MS = 60_000;
/** The share of the cases that can be replayed that must be equal. */
const MIN_EQUAL = 0.97;
const MAX_COPY_BYTES = 700_000;
const MIN_COPIED = 200;

const beside = readApiRecording();
const copy = readApiCopy();
const copied = new Set(copy.cases.map(({ id }) => id));
/** What lies beside the checkout has the cases besides that run programs. Elsewhere the copy is all there is. */
const RECORDINGS = [
  { name: 'the copy', recording: copy },
  ...(beside
    ? [
        {
          name: 'the recordings, without what is copied',
          recording: { ...beside, cases: beside.cases.filter(({ id }) => !copied.has(id)) },
        },
      ]
    : []),
];

describe.each(RECORDINGS)('answers of Docker Engine 20.10, replayed from $name', ({ name, recording }) => {
  const all = recording.cases;
  const applicable = all.filter((one) => whyLeftOut(one, recording.images) === undefined);
  const results: CaseResult[] = [];
  let replay: ApiReplay;

  beforeAll(async () => {
    replay = await ApiReplay.start(recording);
  });
  afterAll(async () => {
    await replay?.[Symbol.asyncDispose]();
    const count = (verdict: CaseResult['verdict']) => results.filter((one) => one.verdict === verdict).length;
    const decided = count('different-by-decision');
    process.stdout.write(
      `${name}: ${all.length} cases, ${applicable.length} applicable: ${count('equal')} equal, ${decided} different ` +
        `by decision, ${count('unexplained')} unexplained\n`,
    );
  });

  test.each(applicable)('$id', { timeout: CASE_MS }, async (recorded) => {
    const result = await replay.run(recorded);
    results.push(result);
    if (whyDifferent(recorded.id) === undefined) expect(result.actual).toEqual(result.expected);
    else expect(result.verdict).toBe('different-by-decision');
  });

  test('nearly all are equal', () => {
    const equal = results.filter(({ verdict }) => verdict === 'equal').length;
    if (results.length === applicable.length) expect(equal / applicable.length).toBeGreaterThan(MIN_EQUAL);
  });
});

describe('the copy', () => {
  test('is replayed whole, and small enough to be cloned', () => {
    const texts = [...readCopiedTexts().values()];
    expect(texts.reduce((sum, text) => sum + text.length, 0)).toBeLessThan(MAX_COPY_BYTES);
    const { cases, images } = copy;
    expect(cases.length).toBeGreaterThan(MIN_COPIED);
    expect(cases.filter((one) => whyLeftOut(one, images) !== undefined)).toEqual([]);
  });

  test.skipIf(!beside)('has what there is to copy: npm run golden -- --write', () => {
    if (beside) expect(readCopiedTexts()).toEqual(copyOf(beside));
  });
});
