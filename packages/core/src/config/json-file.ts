import { readFile } from 'node:fs/promises';
import { isErrno, WherryError } from '../errors.ts';

/** A configuration file is small; anything larger is not one. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** Where something is wrong with a text: line and column from 1. */
export interface SyntaxFault {
  readonly line: number;
  readonly column: number;
}

/** Reads a configuration file; `undefined` when there is none. Throws `INVALID_CONFIG` when it cannot be read. */
export async function readConfigFile(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new WherryError('INVALID_CONFIG', `${path}: cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (text.length > MAX_CONFIG_BYTES)
    throw new WherryError('INVALID_CONFIG', `${path}: larger than ${MAX_CONFIG_BYTES} bytes`);
  return text.replace(/^\uFEFF/, '');
}

/** Parses a JSON object. Throws `INVALID_CONFIG` with file, line and column. */
export function parseConfigObject(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    const fault = findSyntaxFault(text);
    throw new WherryError('INVALID_CONFIG', `${path}:${fault.line}:${fault.column}: not valid JSON`, {
      hint: `correct the file at line ${fault.line}`,
      details: { path, ...fault },
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new WherryError('INVALID_CONFIG', `${path}:1:1: want a JSON object`);
}

/** Finds the first character that JSON does not allow where it stands. RFC 8259. */
export function findSyntaxFault(text: string): SyntaxFault {
  return positionAt(text, new Scanner(text).firstFault());
}

/** Line and column of a character, from 1. */
export function positionAt(text: string, offset: number): SyntaxFault {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

const BLANK = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings must not hold them
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Walks the grammar without recursion: the nesting is the file's choice. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  firstFault(): number {
    const open: string[] = [];
    let wanted: 'value' | 'key' | 'separator' = 'value';
    for (;;) {
      this.#take(BLANK);
      const character = this.#text[this.#at];
      const container = open.at(-1);
      if (wanted === 'value' && (character === '{' || character === '[')) {
        open.push(character);
        this.#at++;
        this.#take(BLANK);
        if (this.#closes(open)) wanted = 'separator';
        else wanted = character === '{' ? 'key' : 'value';
      } else if (wanted === 'value') {
        if (!this.#take(STRING) && !this.#take(SCALAR)) return this.#at;
        wanted = 'separator';
      } else if (wanted === 'key') {
        if (!this.#take(STRING)) return this.#at;
        this.#take(BLANK);
        if (this.#text[this.#at] !== ':') return this.#at;
        this.#at++;
        wanted = 'value';
      } else if (container !== undefined && character === ',') {
        this.#at++;
        wanted = container === '{' ? 'key' : 'value';
      } else if (!this.#closes(open)) return this.#at;
    }
  }

  #closes(open: string[]): boolean {
    const container = open.at(-1);
    const closing = container === '{' ? '}' : container === '[' ? ']' : undefined;
    if (closing === undefined || this.#text[this.#at] !== closing) return false;
    open.pop();
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null || match[0] === '') return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
