import type { Functions } from './functions.ts';
import { any, int, slice, string } from './go-type.ts';
import { func } from './go-value.ts';
import { encodeJson } from './json.ts';
import { isDigit, isLetter, isSpaceRune } from './unicode.ts';
import { byteLength, sliceBytes, toRune } from './utf8.ts';

/**
 * The functions that Docker's command line adds: `json`, `split`, `join`, `title`, `lower`, `upper`, `pad`, `truncate`.
 * There is no `table`: in `--format 'table {{.ID}}'` the word stands before the template, and the command line
 * takes it away.
 */
export const dockerFunctions: Functions = {
  json: func([any], string, encodeOrNothing),
  split: func([string, string], slice(string), split),
  join: func([slice(string), string], string, (parts, separator) => (parts ?? []).join(separator)),
  title: func([string], string, title),
  lower: func([string], string, (text) => mapRunes(text, (character) => character.toLowerCase())),
  upper: func([string], string, (text) => mapRunes(text, (character) => character.toUpperCase())),
  pad: func([string, int, int], string, (text, before, after) =>
    text === '' ? text : spaces(before) + text + spaces(after),
  ),
  truncate: func([string, int], string, (text, length) => truncate(text, Number(length))),
};

/**
 * What stands in for `dockerFunctions` where Docker evaluates a format on the column headings, which all but `pad`
 * leave as they are. Give them to `execute` as `functions`.
 */
export const dockerHeaderFunctions: Functions = {
  json: func([string], string, (heading) => heading),
  split: func([string, string], string, (heading) => heading),
  join: func([string, string], string, (heading) => heading),
  title: func([string], string, (heading) => heading),
  lower: func([string], string, (heading) => heading),
  upper: func([string], string, (heading) => heading),
  truncate: func([string, int], string, (heading) => heading),
};

/** Docker drops the encoder's error, and with it all output. */
function encodeOrNothing(value: unknown): string {
  try {
    return encodeJson(value);
  } catch (error) {
    // A stack that is used up is this implementation's limit, not what the encoder says of a value.
    if (error instanceof RangeError) throw error;
    return '';
  }
}

function split(text: string, separator: string): string[] {
  return separator === '' ? [...text] : text.split(separator);
}

function spaces(count: number | bigint): string {
  if (count < 0) throw new Error('strings: negative Repeat count');
  return ' '.repeat(Number(count));
}

function truncate(text: string, length: number): string {
  const size = byteLength(text);
  if (size < length) return text;
  if (length < 0) throw new Error(`runtime error: slice bounds out of range [:${length}]`);
  return sliceBytes(text, 0, length);
}

/**
 * Maps characters one to one, as Go does: what would become several, as ß in upper case, stays as it is.
 * Bytes that are no UTF-8 become U+FFFD.
 */
function mapRunes(text: string, convert: (character: string) => string): string {
  let out = '';
  for (const character of text) {
    const valid = String.fromCodePoint(toRune(character.codePointAt(0) ?? 0));
    const converted = convert(valid);
    out += [...converted].length === 1 ? converted : valid;
  }
  return out;
}

/** Upper case for every letter that begins a word, the others unchanged. */
function title(text: string): string {
  let previous = ' ';
  return mapRunes(text, (character) => {
    const isStart = isSeparator(previous.codePointAt(0) ?? 0);
    previous = character;
    return isStart ? character.toUpperCase() : character;
  });
}

/** In ASCII all but letters, digits and `_` separate words, elsewhere only spaces. */
function isSeparator(rune: number): boolean {
  if (isLetter(rune) || isDigit(rune) || rune === 0x5f) return false;
  return rune < 0x80 || isSpaceRune(rune);
}
