import { WherryError } from '../errors.ts';
import { parseConfigObject, positionAt } from './json-file.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * An object of a JSON configuration file, whose fields are read with their types checked; `null` counts as
 * absent. All throw `INVALID_CONFIG` with file, line and column.
 */
export class JsonFields {
  /** Everything that stands in it. */
  readonly values: JsonObject;
  readonly #source: string;
  readonly #text: string;
  /** The keys that lead to it. */
  readonly #keys: readonly string[];

  constructor(values: JsonObject, source: string, text: string, keys: readonly string[] = []) {
    this.values = values;
    this.#source = source;
    this.#text = text;
    this.#keys = keys;
  }

  static parse(text: string, source: string): JsonFields {
    return new JsonFields(parseConfigObject(text, source), source, text);
  }

  /** A text that is not empty. */
  string(key: string): string | undefined {
    const value = this.#get(key);
    if (typeof value === 'string') return value === '' ? undefined : value;
    if (value === undefined) return undefined;
    throw this.invalid(key, 'must be a string');
  }

  list(key: string): readonly string[] {
    const value = this.#get(key) ?? [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    throw this.invalid(key, 'must be a list of strings');
  }

  /** The object under a key, without fields when there is none. */
  object(key: string): JsonFields {
    const value = this.#get(key) ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw this.invalid(key, 'must be an object');
    return new JsonFields(value as JsonObject, this.#source, this.#text, [...this.#keys, key]);
  }

  /** All fields, which must be texts. */
  strings(): Readonly<Record<string, string>> {
    const values: Record<string, string> = {};
    for (const [key, value] of Object.entries(this.values)) {
      if (typeof value !== 'string') throw this.invalid(key, 'must be a string');
      values[key] = value;
    }
    return values;
  }

  /** The error of a field that will not do. */
  invalid(key: string, fault: string, hint?: string): WherryError {
    const keys = [...this.#keys, key];
    const { line, column } = positionOf(this.#text, keys);
    const field = keys.map((each) => JSON.stringify(each)).join('.');
    const message = `${this.#source}:${line}:${column}: ${field} ${fault}`;
    return new WherryError('INVALID_CONFIG', message, {
      ...(hint === undefined ? {} : { hint }),
      details: { path: this.#source, line, column },
    });
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.values, key) ? (this.values[key] ?? undefined) : undefined;
  }
}

/** Where the last of nested keys first stands; the parser keeps no positions of what is well-formed. */
function positionOf(text: string, keys: readonly string[]) {
  let offset = 0;
  for (const key of keys) {
    const written = JSON.stringify(key).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const found = new RegExp(`${written}(?=\\s*:)`).exec(text.slice(offset));
    if (found !== null) offset += found.index;
  }
  return positionAt(text, offset);
}
