import { cleanPath, type IgnorePattern } from './ignore-file.ts';
import { type AutomatonState, PatternAutomaton } from './pattern-automaton.ts';
import { PatternGraph } from './pattern-graph.ts';
import { type PatternStep, parsePattern } from './pattern-steps.ts';

/** A pattern that Docker refuses, with Docker's text. */
export class IgnorePatternError extends Error {
  override readonly name = 'IgnorePatternError';
  readonly pattern: IgnorePattern;

  constructor(message: string, pattern: IgnorePattern) {
    super(message);
    this.pattern = pattern;
  }
}

/** What has matched a path or a directory above it. */
export interface Matched {
  /** Positions of patterns, ascending. */
  readonly indices: readonly number[];
  readonly isExcluded: boolean;
  readonly decidedBy: IgnorePattern | undefined;
}

export const NOTHING_MATCHED: Matched = { indices: [], isExcluded: false, decidedBy: undefined };

interface CompiledPattern {
  readonly pattern: IgnorePattern;
  readonly isNegated: boolean;
  readonly steps: readonly PatternStep[];
}

/** The patterns of an ignore file, ready to match. */
export class PatternSet {
  readonly #patterns: readonly CompiledPattern[];
  readonly #automaton: PatternAutomaton;

  /** Throws `IgnorePatternError`. */
  constructor(patterns: readonly IgnorePattern[]) {
    this.#patterns = patterns.flatMap((pattern) => compilePattern(pattern) ?? []);
    const graph = new PatternGraph();
    for (const [index, { steps, isNegated }] of this.#patterns.entries()) graph.add(steps, index, isNegated);
    this.#automaton = new PatternAutomaton(graph);
  }

  get start(): AutomatonState {
    return this.#automaton.start;
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** Where more of a path leads. */
  run(state: AutomatonState, text: string): AutomatonState {
    return this.#automaton.run(state, text);
  }

  /** What has matched a path that `accepted` end at, where `above` matched its directory. */
  matchedBelow(above: Matched, accepted: readonly number[]): Matched {
    if (accepted.length === 0) return above;
    const indices: number[] = [];
    let isExcluded = false;
    let decider: number | undefined;
    for (const { index, isInherited } of mergeAscending(above.indices, accepted)) {
      const isNegated = this.#patterns[index]?.isNegated ?? false;
      // moby asks only patterns that would change the answer, and those that it did not ask count as no match below.
      if (!isInherited && isNegated !== isExcluded) continue;
      indices.push(index);
      if (isNegated !== isExcluded) continue;
      isExcluded = !isNegated;
      decider = index;
    }
    const decidedBy = decider === undefined ? undefined : this.#patterns[decider]?.pattern;
    return { indices, isExcluded, decidedBy };
  }
}

function compilePattern(pattern: IgnorePattern): CompiledPattern | undefined {
  const trimmed = pattern.text.trim();
  if (trimmed === '') return undefined;
  const cleaned = cleanPath(trimmed);
  const isNegated = cleaned.startsWith('!');
  const text = isNegated ? cleaned.slice(1) : cleaned;
  if (text === '') throw new IgnorePatternError('illegal exclusion pattern: "!"', pattern);
  const steps = parsePattern(text);
  if (steps === undefined) throw new IgnorePatternError('syntax error in pattern', pattern);
  return { pattern, isNegated, steps };
}

function* mergeAscending(
  inherited: readonly number[],
  own: readonly number[],
): Generator<{ readonly index: number; readonly isInherited: boolean }> {
  let i = 0;
  let j = 0;
  while (i < inherited.length || j < own.length) {
    const a = inherited[i] ?? Number.POSITIVE_INFINITY;
    const b = own[j] ?? Number.POSITIVE_INFINITY;
    yield { index: Math.min(a, b), isInherited: a <= b };
    if (a <= b) i++;
    if (b <= a) j++;
  }
}
