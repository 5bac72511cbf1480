/**
 * Go's strings are bytes, JavaScript's are UTF-16. Here a JavaScript string stands for a Go string; a byte
 * that is no part of valid UTF-8 (from `"\xff"`, or from cutting a character in two) is kept as the lone
 * surrogate U+DC00 + byte, which no valid text contains. `encodeUtf8` turns it back into the byte.
 */

const ESCAPE_BASE = 0xdc00;
const REPLACEMENT = 0xfffd;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/** The byte that a code point of one of our strings stands for, or `undefined` when it is a character. */
export function escapedByte(codePoint: number): number | undefined {
  return codePoint >= ESCAPE_BASE + 0x80 && codePoint <= ESCAPE_BASE + 0xff
    ? codePoint - ESCAPE_BASE
    : undefined;
}

/** One byte as a string: itself below 0x80, otherwise the surrogate that stands for it. */
export function byteToString(byte: number): string {
  return String.fromCharCode(byte < 0x80 ? byte : ESCAPE_BASE + byte);
}

/** The character's rune: U+FFFD for a byte that is no UTF-8, as Go decodes it. */
export function toRune(codePoint: number): number {
  return isSurrogate(codePoint) ? REPLACEMENT : codePoint;
}

/** A rune as a string; what is no Unicode character becomes U+FFFD, as in Go's conversions. */
export function runeToString(rune: number): string {
  const valid = rune >= 0 && rune <= 0x10ffff && !isSurrogate(rune);
  return String.fromCodePoint(valid ? rune : REPLACEMENT);
}

/** The number of bytes, as Go's `len`. */
export function byteLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (isHigh(unit) && isLow(text.charCodeAt(i + 1))) {
      length += 4;
      i++;
    } else length += escapedByte(unit) === undefined ? 3 : 1;
  }
  return length;
}

/** The number of characters; a byte that is no UTF-8 counts as one, as in Go's `utf8.RuneCount`. */
export function runeCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The bytes of a string, with the ones that are no UTF-8 as they were. */
export function encodeUtf8(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes = new Uint8Array(byteLength(text));
  let offset = 0;
  for (const character of text) {
    const byte = escapedByte(character.codePointAt(0) ?? 0);
    if (byte === undefined) offset += encoder.encodeInto(character, bytes.subarray(offset)).written;
    else bytes[offset++] = byte;
  }
  return bytes;
}

/** The string for some bytes; the inverse of `encodeUtf8`. */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  if (!text.includes('\ufffd')) return text;
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    const size = sequenceLength(bytes, i);
    out += size === 0 ? byteToString(bytes[i] ?? 0) : decoder.decode(bytes.subarray(i, i + size));
    i += Math.max(size, 1);
  }
  return out;
}

/** The length of the valid UTF-8 sequence at `start`; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, start: number): number {
  const lead = bytes[start] ?? 0;
  if (lead < 0x80) return 1;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || start + size > bytes.length) return 0;
  const second = bytes[start + 1] ?? 0;
  // The second byte excludes overlong forms, surrogates and what lies above U+10FFFF.
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = start + 2; i < start + size; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

/** Joins what the bytes of `text` make up: two halves of a character that came to lie side by side. */
export function normalizeUtf8(text: string): string {
  return text.isWellFormed() ? text : decodeUtf8(encodeUtf8(text));
}

/** The bytes `[start, end)` of a string as a string; the bounds lie inside it. */
export function sliceBytes(text: string, start: number, end: number): string {
  if (byteLength(text) === text.length) return text.slice(start, end);
  return decodeUtf8(encodeUtf8(text).subarray(start, end));
}

/** Orders strings by their bytes, as Go's `<`: negative, zero or positive. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    return isSurrogate(left) || isSurrogate(right) ? compareBytes(a, b) : left - right;
  }
  return a.length - b.length;
}

function compareBytes(a: string, b: string): number {
  const left = encodeUtf8(a);
  const right = encodeUtf8(b);
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
