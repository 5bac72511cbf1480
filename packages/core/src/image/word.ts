import { WherryError } from '../errors.ts';

/** Variables by name; what is not there is unset. */
export type Variables = ReadonlyMap<string, string>;

/**
 * Takes the quotes and backslashes out of a word of a Dockerfile instruction and puts variables in: `$v`,
 * `${v}`, and `${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?m} ${v?m}`.
 * Throws `INVALID_ARGUMENT` with Docker's message. BuildKit, Dockerfile reference "Environment replacement".
 */
export function expandWord(text: string, variables: Variables): string {
  const scanner = new WordScanner(text, variables);
  return scanner.readTo(undefined);
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]/y;

class WordScanner {
  readonly #text: string;
  readonly #variables: Variables;
  #at = 0;

  constructor(text: string, variables: Variables) {
    this.#text = text;
    this.#variables = variables;
  }

  /** Reads to `stop`, which is taken; or to the end of the word where there is none. */
  readTo(stop: '}' | undefined): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const character = this.#next();
      if (character === stop) return result;
      if (character === "'") result += this.#singleQuoted();
      else if (character === '"') result += this.#doubleQuoted();
      else if (character === '$') result += this.#dollar();
      else if (character === '\\') result += this.#next();
      else result += character;
    }
    if (stop !== undefined) throw this.#fault(`syntax error: missing '${stop}'`);
    return result;
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw this.#fault('unexpected end of statement while looking for matching single-quote');
    const quoted = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return quoted;
  }

  #doubleQuoted(): string {
    let result = '';
    while (this.#at < this.#text.length) {
      const character = this.#next();
      if (character === '"') return result;
      if (character === '$') result += this.#dollar();
      else if (character === '\\' && /["$\\]/.test(this.#peek())) result += this.#next();
      else result += character;
    }
    throw this.#fault('unexpected end of statement while looking for matching double-quote');
  }

  #dollar(): string {
    if (this.#peek() !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#variables.get(name) ?? '');
    }
    this.#next();
    if (this.#peek() === '') throw this.#fault("syntax error: missing '}'");
    if (/^[{}:]$/.test(this.#peek())) throw this.#fault('syntax error: bad substitution');
    const name = this.#name();
    const value = this.#variables.get(name);
    let modifier = this.#next();
    if (modifier === '}') return value ?? '';
    const colon = modifier === ':';
    if (colon) modifier = this.#next();
    if (!/^[-+?]$/.test(modifier))
      throw this.#fault(`unsupported modifier (${colon ? ':' : ''}${modifier || '\uFFFD'}) in substitution`);
    const word = this.readTo('}');
    const isSet = colon ? Boolean(value) : value !== undefined;
    if (modifier === '+') return isSet ? word : '';
    if (isSet || modifier === '-') return isSet ? (value ?? '') : word;
    throw this.#fault(`${name}: ${word || `is not allowed to be ${colon ? 'empty' : 'unset'}`}`);
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    return this.#text[this.#at++] ?? '';
  }

  #fault(fault: string): WherryError {
    return new WherryError('INVALID_ARGUMENT', `failed to process ${JSON.stringify(this.#text)}: ${fault}`);
  }
}
