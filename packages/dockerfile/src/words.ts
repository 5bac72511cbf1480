import { type EscapeCharacter, isSpace, trimStart } from './characters.ts';
import { DockerfileError } from './errors.ts';

/**
 * Splits at spaces outside of quotes; quotes and escapes stay in the words. An escape that ends the text is
 * dropped. Between single quotes nothing is escaped.
 */
export function splitWords(text: string, escapeCharacter: EscapeCharacter): readonly string[] {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at++;
    if (at >= text.length) return words;
    const end = wordEnd(text, at, escapeCharacter);
    const isCutOff = end.isEscapedEnd;
    const word = text.slice(at, isCutOff ? text.length - 1 : end.offset);
    if (word !== '') words.push(word);
    at = end.offset;
  }
}

/** Where the word that begins at `start` ends, and whether an escape with nothing behind it did end it. */
function wordEnd(
  text: string,
  start: number,
  escapeCharacter: EscapeCharacter,
): { readonly offset: number; readonly isEscapedEnd: boolean } {
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === escapeCharacter && quote !== "'") {
      if (at + 1 === text.length) return { offset: text.length, isEscapedEnd: true };
      at++;
    } else if (quote !== '') quote = character === quote ? '' : quote;
    else if (isSpace(character)) return { offset: at, isEscapedEnd: false };
    else if (character === '"' || character === "'") quote = character;
  }
  return { offset: text.length, isEscapedEnd: false };
}

/**
 * Takes the `--flags` before an instruction's arguments; a bare `--` ends them. Quotes and backslashes are taken
 * off here, whatever the escape character of the Dockerfile.
 */
export function splitFlags(text: string): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at++;
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) };
    const flag = readFlag(text, at);
    at = flag.end;
    if (flag.word === '--') return { flags, rest: text.slice(at) };
    flags.push(flag.word);
  }
}

function readFlag(text: string, start: number): { readonly word: string; readonly end: number } {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at++) {
    let character = text.charAt(at);
    if (quote === '' && isSpace(character)) break;
    if (quote === '' ? character === '"' || character === "'" : character === quote) {
      quote = quote === '' ? character : '';
      continue;
    }
    if (character === '\\') character = text.charAt(++at);
    word += character;
  }
  return { word, end: Math.min(at, text.length) };
}

/**
 * The words of an exec form; `undefined`: it is no JSON array, so that a shell gets the text.
 * Throws `DockerfileError` of the kind `syntax` for an array of other things than strings.
 */
export function parseJsonWords(text: string): readonly string[] | undefined {
  if (!trimStart(text).startsWith('[')) return undefined;
  const value = parseJson(text);
  if (!Array.isArray(value)) return undefined;
  return value.map((word: unknown) => {
    if (typeof word === 'string') return word.toWellFormed();
    const message = 'when using JSON array syntax, arrays must be comprised of strings only';
    throw new DockerfileError('syntax', message);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
