import { isPrintable } from './unicode.ts';
import { byteToString, decodeUtf8, encodeUtf8, escapedByte, runeToString, toRune } from './utf8.ts';

const ESCAPE_OF: ReadonlyMap<number, string> = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x0b, '\\v'],
]);

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** A Go string constant in double quotes, as `strconv.Quote`; with `ascii` as `strconv.QuoteToASCII`. */
export function quote(text: string, ascii = false): string {
  let out = '"';
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    const byte = escapedByte(codePoint);
    out += byte === undefined ? escapeRune(toRune(codePoint), '"', ascii) : `\\x${hex(byte, 2)}`;
  }
  return `${out}"`;
}

/** A Go character constant in single quotes, as `strconv.QuoteRune`. */
export function quoteRune(rune: number, ascii = false): string {
  const valid = runeToString(rune).codePointAt(0) ?? 0;
  return `'${escapeRune(valid, "'", ascii)}'`;
}

function escapeRune(rune: number, quoteMark: string, ascii: boolean): string {
  const character = String.fromCodePoint(rune);
  if (character === quoteMark || character === '\\') return `\\${character}`;
  if (isPrintable(rune) && (rune < 0x80 || !ascii)) return character;
  const named = ESCAPE_OF.get(rune);
  if (named !== undefined) return named;
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

/** Whether the text can stand in back quotes unchanged, as `strconv.CanBackquote`. */
export function canBackquote(text: string): boolean {
  // Control characters but the tab, DEL, the back quote, a byte order mark and bytes that are no UTF-8.
  for (const character of text) {
    const rune = character.codePointAt(0) ?? 0;
    if (rune === 0xfeff || escapedByte(rune) !== undefined) return false;
    if ((rune < 0x20 && rune !== 0x09) || rune === 0x60 || rune === 0x7f) return false;
  }
  return true;
}

/** The value of a string constant with its quotes, or `undefined` when an escape in it is none of Go's. */
export function unquote(constant: string): string | undefined {
  const body = constant.slice(1, -1);
  if (constant.startsWith('`')) return body.replaceAll('\r', '');
  let out = '';
  let hasBytes = false;
  for (let i = 0; i < body.length; ) {
    const next = readCharacter(body, i, '"');
    if (next === undefined) return undefined;
    hasBytes ||= next.isByte && next.value >= 0x80;
    out += next.isByte ? byteToString(next.value) : String.fromCodePoint(next.value);
    i = next.end;
  }
  return hasBytes ? decodeUtf8(encodeUtf8(out)) : out;
}

interface Character {
  readonly value: number;
  /** Written as `\x..` or in octal: a byte, not a rune. */
  readonly isByte: boolean;
  /** Where the next character starts. */
  readonly end: number;
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  '\\': 0x5c,
};

/**
 * Reads the character of a constant at `start`, which lies inside `text`; `undefined` when it is none.
 * The Go specification, "Rune literals".
 */
export function readCharacter(text: string, start: number, quoteMark: '"' | "'"): Character | undefined {
  const codePoint = text.codePointAt(start) ?? 0;
  const first = String.fromCodePoint(codePoint);
  if (first === quoteMark) return undefined;
  if (first !== '\\') return { value: codePoint, isByte: false, end: start + first.length };
  const letter = text[start + 1] ?? '';
  const simple = letter === quoteMark ? letter.charCodeAt(0) : SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { value: simple, isByte: false, end: start + 2 };
  const digits = { x: 2, u: 4, U: 8 }[letter];
  return digits === undefined ? readOctal(text, start + 1) : readHex(text, start + 2, digits);
}

function readHex(text: string, start: number, digits: number): Character | undefined {
  const end = start + digits;
  const written = text.slice(start, end);
  if (written.length !== digits || !/^[0-9a-fA-F]+$/.test(written)) return undefined;
  const value = Number.parseInt(written, 16);
  if (digits === 2) return { value, isByte: true, end };
  return value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff) ? undefined : { value, isByte: false, end };
}

function readOctal(text: string, start: number): Character | undefined {
  const written = text.slice(start, start + 3);
  if (!/^[0-7]{3}$/.test(written)) return undefined;
  const value = Number.parseInt(written, 8);
  return value > 0xff ? undefined : { value, isByte: true, end: start + 3 };
}
