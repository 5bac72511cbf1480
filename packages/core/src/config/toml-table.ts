import { WherryError } from '../errors.ts';
import { nearestName } from './nearest-name.ts';

/** Parses TOML, `path` being what errors call it. Throws `INVALID_CONFIG` with file, line and column. */
export async function parseToml(text: string, path: string): Promise<TomlTable> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return new TomlTable(parse(text), '', text, path);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const { line, column, message } = cause;
    const reason = message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? message;
    throw new WherryError('INVALID_CONFIG', `${path}:${line}:${column}: ${reason}`, {
      details: { path, line, column },
      cause,
    });
  }
}

/** A table of the file that knows which of its keys were read. */
export class TomlTable {
  readonly path: string;
  readonly #values: Record<string, unknown>;
  readonly #name: string;
  readonly #text: string;
  readonly #nth: number;
  readonly #read = new Set<string>();

  /** `nth` of the tables that are written as `[[name]]`, from 0. */
  constructor(values: Record<string, unknown>, name: string, text: string, path: string, nth = 0) {
    this.#nth = nth;
    this.#values = values;
    this.#name = name;
    this.#text = text;
    this.path = path;
  }

  /** Whatever stands there, for readers with rules of their own. */
  value(key: string): unknown {
    return this.#take(key);
  }

  required(key: string, isValid: (text: string) => boolean, want: string): string {
    const value = this.string(key, isValid, want);
    if (value === undefined) throw this.invalid(key, 'is missing');
    return value;
  }

  string(key: string, isValid: (text: string) => boolean = () => true, want = ''): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw this.invalid(key, 'must be a string');
    if (!isValid(value)) throw this.invalid(key, `is ${JSON.stringify(value)}, ${want}`);
    return value;
  }

  boolean(key: string): boolean {
    const value = this.#take(key) ?? false;
    if (typeof value !== 'boolean') throw this.invalid(key, 'must be true or false');
    return value;
  }

  integer(key: string, min: number, max: number): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw this.invalid(key, `must be a whole number from ${min} to ${max}`);
    return value;
  }

  strings(key: string): Record<string, string> {
    const value = this.#take(key) ?? {};
    if (!isTable(value)) throw this.invalid(key, 'must be a table');
    for (const [name, entry] of Object.entries(value)) {
      if (typeof entry !== 'string' || /[\r\n]/.test(entry))
        throw this.invalid(`${key}.${name}`, 'must be a string of one line');
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => [name.toLowerCase(), String(entry)]),
    );
  }

  /** A list of texts that are not empty. */
  list(key: string): string[] {
    const value = this.#take(key) ?? [];
    if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string' && entry !== ''))
      throw this.invalid(key, 'must be a list of strings');
    return value;
  }

  /** The tables in this one, by their keys, which the file chooses. */
  entries(isValid: (key: string) => boolean, want: string): [key: string, table: TomlTable][] {
    return Object.keys(this.#values).map((key) => {
      if (!isValid(key)) throw this.invalid(key, `is no name, ${want}`);
      const value = this.#take(key);
      if (!isTable(value)) throw this.invalid(key, 'must be a table');
      return [key, this.#child(value, key)];
    });
  }

  table(key: string): TomlTable | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (!isTable(value)) throw this.invalid(key, 'must be a table');
    return this.#child(value, key);
  }

  tables(key: string): TomlTable[] {
    const value = this.#take(key) ?? [];
    if (!Array.isArray(value) || !value.every(isTable))
      throw this.invalid(key, `must be written as [[${this.#full(key)}]]`);
    return value.map((entry, nth) => this.#child(entry, key, nth));
  }

  /** Throws for keys that nothing read: a typing error must not be silent. */
  end(): void {
    const unknown = Object.keys(this.#values).filter((key) => !this.#read.has(key));
    const [first] = unknown;
    if (first === undefined) return;
    const meant = nearestName(first, [...this.#read]);
    throw this.invalid(unknown.join(', '), 'is not a known key', first, meant && `did you mean ${meant}?`);
  }

  /** The error of a key with a value that will not do; it tells file, line and column. */
  invalid(key: string, text: string, at = key, hint?: string): WherryError {
    const { line, column } = this.#position(at);
    return new WherryError('INVALID_CONFIG', `${this.path}:${line}:${column}: ${this.#full(key)} ${text}`, {
      details: { path: this.path, key: this.#full(key), line, column },
      ...(hint !== undefined && { hint }),
    });
  }

  #child(values: Record<string, unknown>, key: string, nth = 0): TomlTable {
    const written = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
    return new TomlTable(values, this.#full(written), this.#text, this.path, nth);
  }

  #full(key: string): string {
    return this.#name === '' ? key : `${this.#name}.${key}`;
  }

  #take(key: string): unknown {
    this.#read.add(key);
    return this.#values[key];
  }

  /** Where a key first stands; the parser keeps no positions of what is well-formed. */
  #position(key: string): { line: number; column: number } {
    const last = key.split('.').at(-1) ?? key;
    const escaped = last.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const lines = this.#text.split('\n');
    const pattern = new RegExp(`(?:^|[\\s.{,[])["']?(${escaped})["']?\\s*[=\\].]`);
    const header = this.#headerIn(lines);
    for (let index = Math.max(0, header); index < lines.length; index++) {
      const found = pattern.exec(lines[index] ?? '');
      if (found !== null) return { line: index + 1, column: found.index + found[0].indexOf(last) + 1 };
    }
    return { line: Math.max(0, header) + 1, column: 1 };
  }

  /** The index of the line that begins this table; negative: none does. */
  #headerIn(lines: readonly string[]): number {
    if (this.#name === '') return -1;
    const isHeader = (line: string) =>
      line.trim().endsWith(`[${this.#name}]`) || line.includes(`[[${this.#name}]]`);
    const headers = lines.flatMap((line, index) => (isHeader(line) ? [index] : []));
    return headers[this.#nth] ?? headers[0] ?? -1;
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
