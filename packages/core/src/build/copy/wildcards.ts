/** Tells whether a path is a pattern: escaped characters do not count. */
export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./gs, ''));
}

/**
 * Makes a test for one element of a path of Go's `filepath.Match`: `*`, `?`, classes and `\`. Returns `undefined`
 * for a malformed pattern, which matches nothing.
 */
export function elementPattern(pattern: string): RegExp | undefined {
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    const piece = nextPiece(pattern, at);
    if (piece === undefined) return undefined;
    source += piece.source;
    at = piece.end;
  }
  return compiled(source);
}

/**
 * Makes a test for whole paths of patterns as `.dockerignore` has them, of which `--exclude` and `--parents` take
 * the grammar: `**` stands for any number of directories, and what matches a directory matches all in it.
 */
export function pathPattern(pattern: string): RegExp | undefined {
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    if (pattern.startsWith('**', at)) {
      at += 2;
      if (pattern[at] === '/') at++;
      source += at === pattern.length ? '.*' : '(?:.*/)?';
      continue;
    }
    const piece = nextPiece(pattern, at);
    if (piece === undefined) return undefined;
    source += piece.source;
    at = piece.end;
  }
  return compiled(`${source}(?:/.*)?`);
}

interface Piece {
  readonly source: string;
  readonly end: number;
}

function nextPiece(pattern: string, at: number): Piece | undefined {
  const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  const end = at + character.length;
  switch (character) {
    case '*':
      return { source: '[^/]*', end };
    case '?':
      return { source: '[^/]', end };
    case '[':
      return classPiece(pattern, at);
    case '\\':
      return escapedCharacter(pattern, at);
    default:
      return { source: literal(character), end };
  }
}

/** `[` [`^`] { character or range } `]`, at least one of them. */
function classPiece(pattern: string, start: number): Piece | undefined {
  const isNegated = pattern[start + 1] === '^';
  let at = start + (isNegated ? 2 : 1);
  let ranges = '';
  while (pattern[at] !== ']' || ranges === '') {
    const low = classCharacter(pattern, at);
    if (low === undefined) return undefined;
    at = low.end;
    ranges += low.source;
    if (pattern[at] !== '-') continue;
    const high = classCharacter(pattern, at + 1);
    if (high === undefined) return undefined;
    at = high.end;
    ranges += `-${high.source}`;
  }
  return { source: `[${isNegated ? '^' : ''}${ranges}]`, end: at + 1 };
}

function classCharacter(pattern: string, at: number): Piece | undefined {
  const character = pattern[at];
  if (character === undefined || character === '-' || character === ']') return undefined;
  return escapedCharacter(pattern, character === '\\' ? at : at - 1);
}

/** The character behind `at`, whatever it means elsewhere. */
function escapedCharacter(pattern: string, at: number): Piece | undefined {
  const code = pattern.codePointAt(at + 1);
  if (code === undefined) return undefined;
  const character = String.fromCodePoint(code);
  return { source: literal(character), end: at + 1 + character.length };
}

/** A character for a pattern with the `u` flag, where most escapes are errors. */
function literal(character: string): string {
  if (/^[\w/]$/.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function compiled(source: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${source})$`, 'su');
  } catch (error) {
    // A range that runs backwards.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
