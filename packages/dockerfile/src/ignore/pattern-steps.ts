/** A range of characters, both ends included; two code points. */
export type CharacterRange = readonly [low: number, high: number];

/** One step of a pattern. */
export type PatternStep =
  | { readonly kind: 'character'; readonly code: number }
  /** One character of a set, a slash too where the set has it. */
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly ranges: readonly CharacterRange[] }
  /** `?`: one character but a slash. */
  | { readonly kind: 'one' }
  /** `*`: any number of characters but slashes. */
  | { readonly kind: 'name' }
  /** A `**` at the end: all that follows. */
  | { readonly kind: 'rest'; readonly takesNewlines: boolean }
  /** Any other `**`, with the slash behind it: nothing, or directories up to and with a slash. */
  | { readonly kind: 'directories'; readonly takesNewlines: boolean };

const codeOf = (character: string) => character.charCodeAt(0);
const BACKSLASH = codeOf('\\');
const STAR = codeOf('*');
const QUESTION = codeOf('?');
const OPEN = codeOf('[');
const CLOSE = codeOf(']');
const CARET = codeOf('^');
const MINUS = codeOf('-');
const SLASH = codeOf('/');

/**
 * Reads a cleaned pattern without its `!`; `undefined` for one with a syntax error. Go's `filepath.Match` says what
 * is well-formed, moby's patternmatcher what `**` means.
 */
export function parsePattern(pattern: string): PatternStep[] | undefined {
  const codes = Array.from(pattern, (character) => character.codePointAt(0) ?? 0);
  const steps: PatternStep[] = [];
  for (let at = 0; at < codes.length; ) {
    const read = readStep(codes, at);
    if (read === undefined) return undefined;
    steps.push(read.step);
    at = read.end;
  }
  return asMatcherReads(steps, codes);
}

interface ReadStep {
  readonly step: PatternStep;
  readonly end: number;
}

function readStep(codes: readonly number[], at: number): ReadStep | undefined {
  const code = codes[at] ?? 0;
  if (code === STAR) return readStars(codes, at);
  if (code === QUESTION) return { step: { kind: 'one' }, end: at + 1 };
  if (code === OPEN) return readSet(codes, at + 1);
  if (code !== BACKSLASH) return { step: { kind: 'character', code }, end: at + 1 };
  const escaped = codes[at + 1];
  return escaped === undefined ? undefined : { step: { kind: 'character', code: escaped }, end: at + 2 };
}

function readStars(codes: readonly number[], at: number): ReadStep {
  if (codes[at + 1] !== STAR) return { step: { kind: 'name' }, end: at + 1 };
  const end = codes[at + 2] === SLASH ? at + 3 : at + 2;
  const kind = end === codes.length ? 'rest' : 'directories';
  return { step: { kind, takesNewlines: false }, end };
}

/** What follows a `[`. */
function readSet(codes: readonly number[], start: number): ReadStep | undefined {
  const isNegated = codes[start] === CARET;
  const ranges: CharacterRange[] = [];
  let at = isNegated ? start + 1 : start;
  while (codes[at] !== CLOSE || ranges.length === 0) {
    const low = readSetCharacter(codes, at);
    if (low === undefined) return undefined;
    const high = codes[low.end] === MINUS ? readSetCharacter(codes, low.end + 1) : low;
    if (high === undefined || high.code < low.code) return undefined;
    ranges.push([low.code, high.code]);
    at = high.end;
  }
  return { step: { kind: 'set', isNegated, ranges }, end: at + 1 };
}

function readSetCharacter(
  codes: readonly number[],
  start: number,
): { readonly code: number; readonly end: number } | undefined {
  const isEscaped = codes[start] === BACKSLASH;
  const at = isEscaped ? start + 1 : start;
  const code = codes[at];
  if (code === undefined || (!isEscaped && (code === MINUS || code === CLOSE))) return undefined;
  // Something must follow: at least the bracket that closes the set.
  return at + 1 < codes.length ? { code, end: at + 1 } : undefined;
}

/**
 * moby's matcher has ways of its own for the simplest patterns: of nothing but text behind, or in front of, a `**` it
 * compares ends of the path. There newlines match, and a leading `**` without a slash needs none.
 */
function asMatcherReads(steps: PatternStep[], codes: readonly number[]): PatternStep[] {
  const stars = steps.findIndex((step) => step.kind !== 'character');
  const step = steps[stars];
  const isOfText =
    steps.every((each, index) => index === stars || each.kind === 'character') &&
    !codes.includes(BACKSLASH) &&
    !codes.includes(CLOSE);
  if (!isOfText || (step?.kind !== 'rest' && step?.kind !== 'directories')) return steps;
  if (step.kind === 'rest') return [...steps.slice(0, -1), { kind: 'rest', takesNewlines: true }];
  if (stars !== 0) return steps;
  const kind = codes[2] === SLASH ? 'directories' : 'rest';
  return [{ kind, takesNewlines: true }, ...steps.slice(1)];
}
