import { isDeepStrictEqual } from 'node:util';
import type { GoldenCase } from './cases.ts';
import { whyDifferent } from './differences.ts';
import { whyLeftOut } from './left-out.ts';
import type { Recording } from './recording.ts';
import { Replay, type Replayed } from './replay.ts';

/** How a case that can be replayed came out. */
export type Verdict = 'equal' | 'different-by-decision' | 'unexplained';

export interface CaseResult extends Replayed {
  readonly recorded: GoldenCase;
  readonly verdict: Verdict;
  /** What a difference is for; or why a case is unexplained although it is equal. */
  readonly reason?: string;
}

/**
 * The share of the applicable cases that must be equal. Builds hold it down: they were recorded with the
 * classic builder, whose language wherry goes beyond.
 */
export const MIN_EQUAL = 0.95;

/** Splits cases into those to replay, and the others by the reason why they are left out. */
export function selectCases({ cases, images }: Recording) {
  const applicable: GoldenCase[] = [];
  const leftOut = new Map<string, GoldenCase[]>();
  for (const recorded of cases) {
    const reason = whyLeftOut(recorded, images);
    if (reason === undefined) applicable.push(recorded);
    else leftOut.set(reason, [...(leftOut.get(reason) ?? []), recorded]);
  }
  return { applicable, leftOut };
}

/** Replays cases one after the other. Times of the recordings are in UTC: so is the process's clock from now on. */
export async function* replayAll(
  recording: Recording,
  cases: readonly GoldenCase[],
): AsyncGenerator<CaseResult> {
  process.env.TZ = 'UTC';
  await using replay = await Replay.start(recording);
  for (const recorded of cases) yield judge(recorded, await runNamed(replay, recorded));
}

/** A failure of the replay itself says in which case. */
async function runNamed(replay: Replay, recorded: GoldenCase): Promise<Replayed> {
  try {
    return await replay.run(recorded);
  } catch (cause) {
    throw new Error(`${recorded.id}: the replay failed`, { cause });
  }
}

/** Holds what wherry did against what Docker had done, and against the list of decisions. */
export function judge(recorded: GoldenCase, replayed: Replayed): CaseResult {
  const isEqual = isDeepStrictEqual(replayed.actual, replayed.expected);
  const reason = whyDifferent(recorded.id);
  if (reason === undefined) return { ...replayed, recorded, verdict: isEqual ? 'equal' : 'unexplained' };
  if (!isEqual) return { ...replayed, recorded, verdict: 'different-by-decision', reason };
  return {
    ...replayed,
    recorded,
    verdict: 'unexplained',
    reason: 'is equal, yet stands on the list of differences',
  };
}
