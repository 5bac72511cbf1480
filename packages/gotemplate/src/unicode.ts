const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const SPACE = /^\p{White_Space}$/u;

const matches = (pattern: RegExp, rune: number) =>
  rune >= 0 && rune <= 0x10ffff && pattern.test(String.fromCodePoint(rune));

/** Go's `unicode.IsLetter`. */
export function isLetter(rune: number): boolean {
  if (rune < 0x80) return (rune >= 0x61 && rune <= 0x7a) || (rune >= 0x41 && rune <= 0x5a);
  return matches(LETTER, rune);
}

/** Go's `unicode.IsDigit`. */
export function isDigit(rune: number): boolean {
  if (rune < 0x80) return rune >= 0x30 && rune <= 0x39;
  return matches(DIGIT, rune);
}

/** Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrintable(rune: number): boolean {
  if (rune < 0x80) return rune >= 0x20 && rune < 0x7f;
  return matches(PRINTABLE, rune);
}

/** Go's `unicode.IsSpace`. */
export function isSpaceRune(rune: number): boolean {
  return matches(SPACE, rune);
}
