import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyDifferent } from './testing/golden/decisions.ts';
import { readApiRecording } from './testing/golden/exchanges.ts';
import { whyLeftOut } from './testing/golden/left-out.ts';
import { ApiReplay, type CaseResult } from './testing/golden/replay.ts';

const CASE_MS = 60_000;
/** The share of the cases that can be replayed that must be equal. */
const MIN_EQUAL = 0.97;

const recording = readApiRecording();

/** The recordings lie beside the checkout; where they do not, there is nothing to hold the service against. */
describe.skipIf(recording === undefined)('answers of Docker Engine 20.10, replayed', () => {
  const all = recording?.cases ?? [];
  const applicable = all.filter((one) => recording && whyLeftOut(one, recording.images) === undefined);
  const results: CaseResult[] = [];
  let replay: ApiReplay;

  beforeAll(async () => {
    if (recording) replay = await ApiReplay.start(recording);
  });
  afterAll(async () => {
    await replay?.[Symbol.asyncDispose]();
    const count = (verdict: CaseResult['verdict']) => results.filter((one) => one.verdict === verdict).length;
    const decided = count('different-by-decision');
    process.stdout.write(
      `${all.length} cases, ${applicable.length} applicable: ${count('equal')} equal, ${decided} different ` +
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
