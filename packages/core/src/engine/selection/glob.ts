import { WherryError } from '../../errors.ts';

const SPECIAL = /[.*+?^${}()|[\]\\]/;

/**
 * Compiles a pattern of Go's `path.Match`: `*` and `?` do not match `/`, `[a-z]` and `[^a-z]` are classes,
 * `\` escapes. Throws `INVALID_ARGUMENT` for an unfinished class or escape.
 */
export function globToRegExp(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '\\') {
      if (i + 1 === pattern.length) throw badPattern(pattern);
      source += escaped(pattern.charAt(++i));
    } else if (char === '[') {
      const [text, end] = classAt(pattern, i);
      source += text;
      i = end;
    } else source += escaped(char);
  }
  return new RegExp(`^${source}$`, 's');
}

/** Reads `[…]`: one or more characters and ranges, as Go's `matchChunk` and `getEsc` do. */
function classAt(pattern: string, start: number): [source: string, end: number] {
  let i = start + 1;
  let source = '[';
  if (pattern.charAt(i) === '^') {
    source += '^';
    i++;
  }
  for (const first = i; i === first || pattern.charAt(i) !== ']'; ) {
    const low = classCharacter(pattern, i);
    i = low.end;
    source += quoted(low.char);
    if (pattern.charAt(i) !== '-') continue;
    const high = classCharacter(pattern, i + 1);
    i = high.end;
    if (high.char < low.char) throw badPattern(pattern);
    source += `-${quoted(high.char)}`;
  }
  return [`${source}]`, i];
}

function classCharacter(pattern: string, at: number): { readonly char: string; readonly end: number } {
  const isEscaped = pattern.charAt(at) === '\\';
  const char = pattern.charAt(isEscaped ? at + 1 : at);
  const end = at + (isEscaped ? 2 : 1);
  // Behind the last character of a class there is still its bracket.
  if (char === '' || (!isEscaped && (char === '-' || char === ']')) || end >= pattern.length)
    throw badPattern(pattern);
  return { char, end };
}

function quoted(char: string): string {
  return /[\^\\\]&|~-]|\[/.test(char) ? `\\${char}` : char;
}

function escaped(char: string): string {
  return SPECIAL.test(char) ? `\\${char}` : char;
}

function badPattern(pattern: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', 'syntax error in pattern', { details: { pattern } });
}
