const ANY = Symbol('?');
const STAR = Symbol('*');
/** A character that stands for itself, any one, or any number; the two wildcards do not cross a newline. */
type Token = string | typeof ANY | typeof STAR;

/** A pattern of `${v#p}` and its like, read; or why it is none. */
export type ShellPattern = readonly Token[];
export type PatternResult = { readonly pattern: ShellPattern } | { readonly problem: string };

/** Reads a pattern of `*`, `?` and characters escaped by a backslash. There are no bracket expressions. */
export function parsePattern(text: string): PatternResult {
  const characters = Array.from(text);
  const pattern: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    if (character === '*') pattern.push(STAR);
    else if (character === '?') pattern.push(ANY);
    else if (character !== '\\') pattern.push(character ?? '');
    else {
      const escaped = characters[++at] ?? '\ufffd';
      // `}` and `/` would end the pattern, so that they can be escaped though they have no meaning in it.
      if (!'*?\\}/'.includes(escaped)) return { problem: `invalid escape '\\${escaped}'` };
      pattern.push(escaped);
    }
  }
  return { pattern };
}

/** Takes off the shortest, or the longest, beginning that the pattern matches. */
export function trimPrefix(value: string, pattern: ShellPattern, longest: boolean): string {
  const characters = Array.from(value);
  const ends = matchEnds(pattern, characters, 0);
  return ends === undefined ? value : characters.slice(longest ? ends.last : ends.first).join('');
}

export function trimSuffix(value: string, pattern: ShellPattern, longest: boolean): string {
  const reversed = Array.from(value).reverse();
  const ends = matchEnds(pattern.toReversed(), reversed, 0);
  if (ends === undefined) return value;
  return reversed
    .slice(longest ? ends.last : ends.first)
    .reverse()
    .join('');
}

/** Replaces the first match, or all of them; each is the longest at the leftmost place. */
export function replaceMatches(
  value: string,
  pattern: ShellPattern,
  replacement: string,
  all: boolean,
): string {
  const characters = Array.from(value);
  const starts = matchStarts(pattern, characters);
  let result = '';
  let copied = 0;
  let lastEnd = -1;
  for (let at = 0; at <= characters.length; at++) {
    const end = starts[at] === 1 ? matchEnds(pattern, characters, at)?.last : undefined;
    // An empty match right behind another one is none, as in Go.
    if (end === undefined || (end === at && at === lastEnd)) continue;
    result += characters.slice(copied, at).join('') + replacement;
    copied = end;
    lastEnd = end;
    if (!all) break;
    at = Math.max(at, end - 1);
  }
  return result + characters.slice(copied).join('');
}

/** Where matches that begin at `start` can end. All states of the pattern advance together: no backtracking. */
function matchEnds(
  pattern: ShellPattern,
  value: readonly string[],
  start: number,
): { first: number; last: number } | undefined {
  const states = new States(pattern);
  let first: number | undefined;
  let last = start;
  states.begin();
  for (let at = start; ; at++) {
    if (states.isAccepting) {
      first ??= at;
      last = at;
    }
    if (at >= value.length || states.isDead) break;
    states.advance(value[at] ?? '');
  }
  return first === undefined ? undefined : { first, last };
}

/** Marks the places where some match begins, in one pass from the end. */
function matchStarts(pattern: ShellPattern, value: readonly string[]): Uint8Array {
  const starts = new Uint8Array(value.length + 1);
  const states = new States(pattern.toReversed());
  for (let at = value.length; ; at--) {
    states.begin();
    if (states.isAccepting) starts[at] = 1;
    if (at === 0) return starts;
    states.advance(value[at - 1] ?? '');
  }
}

/** The positions in a pattern that the characters so far may have led to. */
class States {
  readonly #pattern: ShellPattern;
  #active: number[] = [];
  /** The round in which a position became active last. */
  readonly #seen: Int32Array;
  #round = 1;

  constructor(pattern: ShellPattern) {
    this.#pattern = pattern;
    this.#seen = new Int32Array(pattern.length + 1);
  }

  get isAccepting(): boolean {
    return this.#seen[this.#pattern.length] === this.#round;
  }

  get isDead(): boolean {
    return this.#active.length === 0;
  }

  begin(): void {
    this.#enter(0);
  }

  advance(character: string): void {
    const before = this.#active;
    this.#active = [];
    this.#round++;
    for (const position of before) {
      const token = this.#pattern[position];
      const isWild = token === ANY || token === STAR;
      if (isWild ? character !== '\n' : token === character)
        this.#enter(token === STAR ? position : position + 1);
    }
  }

  #enter(start: number): void {
    for (let position = start; this.#seen[position] !== this.#round; position++) {
      this.#seen[position] = this.#round;
      this.#active.push(position);
      if (this.#pattern[position] !== STAR) return;
    }
  }
}
