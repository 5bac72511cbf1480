/** The escape character of a Dockerfile. */
export type EscapeCharacter = '\\' | '`';

const SPACES = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** Whether Go's `unicode.IsSpace` holds; it knows U+0085 and not U+FEFF, other than `\s`. */
export function isSpace(character: string): boolean {
  const code = character.charCodeAt(0);
  return code < 0x80 ? code === 0x20 || (code >= 9 && code <= 13) : SPACES.test(character);
}

export function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charAt(start))) start++;
  return text.slice(start);
}

export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Without white space of Go's kind at both ends. */
export function trim(text: string): string {
  return trimStart(trimEnd(text));
}

/** The blanks that divide the words of an instruction. */
export const BLANKS = /[\t\v\f\r ]+/;

/** Splits once, at the first run of blanks. */
export function splitOnce(text: string): readonly [string, string | undefined] {
  const blanks = BLANKS.exec(text);
  if (blanks === null) return [text, undefined];
  return [text.slice(0, blanks.index), text.slice(blanks.index + blanks[0].length)];
}
