import { WherryError } from '../errors.ts';

const SPECIAL = /[.+^${}()|\\]/;

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
  return new RegExp(`^${source}$`, 'su');
}

function classAt(pattern: string, start: number): [source: string, end: number] {
  let i = start + 1;
  let source = '[';
  if (pattern.charAt(i) === '^') {
    source += '^';
    i++;
  }
  for (const first = i; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === ']' && i > first) return [`${source}]`, i];
    if (char === '\\') source += `\\${pattern.charAt(++i)}`;
    else source += /[[\]^&|~]/.test(char) ? `\\${char}` : char;
  }
  throw badPattern(pattern);
}

function escaped(char: string): string {
  return SPECIAL.test(char) || char === '[' || char === ']' ? `\\${char}` : char;
}

function badPattern(pattern: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `syntax error in pattern: ${pattern}`);
}
