import { ApiError } from '../api-error.ts';

/** Parses JSON. Throws an `ApiError` of `status`, with the words of Go's decoder, for what is none. */
export function parseGoJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiError(status, new FaultFinder(text).find());
  }
}

const SPACE = new Set([' ', '\t', '\n', '\r']);
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES = new Set('"\\/bfnrt');

/** Walks text that is not JSON up to the first fault. */
class FaultFinder {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  find(): string {
    return this.#value() ?? this.#afterAll() ?? 'unexpected end of JSON input';
  }

  #afterAll(): string | undefined {
    this.#skipSpace();
    return this.#at < this.#text.length ? this.#invalid('after top-level value') : undefined;
  }

  #value(): string | undefined {
    this.#skipSpace();
    const start = this.#text[this.#at];
    if (start === '{') return this.#object();
    if (start === '[') return this.#array();
    if (start === '"') return this.#string();
    for (const word of ['true', 'false', 'null']) if (start === word[0]) return this.#word(word);
    NUMBER.lastIndex = this.#at;
    const [number] = NUMBER.exec(this.#text) ?? [];
    if (number === undefined)
      return this.#invalid(start === '-' ? 'in numeric literal' : 'looking for beginning of value');
    this.#at += number.length;
    return undefined;
  }

  #object(): string | undefined {
    this.#at++;
    this.#skipSpace();
    if (this.#take('}')) return undefined;
    for (;;) {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') return this.#invalid('looking for beginning of object key string');
      const key = this.#string();
      if (key !== undefined) return key;
      this.#skipSpace();
      if (!this.#take(':')) return this.#invalid('after object key');
      const value = this.#value();
      if (value !== undefined) return value;
      this.#skipSpace();
      if (this.#take('}')) return undefined;
      if (!this.#take(',')) return this.#invalid('after object key:value pair');
    }
  }

  #array(): string | undefined {
    this.#at++;
    this.#skipSpace();
    if (this.#take(']')) return undefined;
    for (;;) {
      const value = this.#value();
      if (value !== undefined) return value;
      this.#skipSpace();
      if (this.#take(']')) return undefined;
      if (!this.#take(',')) return this.#invalid('after array element');
    }
  }

  #string(): string | undefined {
    for (this.#at++; ; this.#at++) {
      const character = this.#text[this.#at];
      if (character === '"') break;
      if (character === undefined || character < ' ') return this.#invalid('in string literal');
      if (character !== '\\') continue;
      this.#at++;
      if (this.#text[this.#at] === 'u') {
        for (let digit = 0; digit < 4; digit++)
          if (!/[\da-fA-F]/.test(this.#text[++this.#at] ?? ''))
            return this.#invalid('in \\u hexadecimal character escape');
      } else if (!ESCAPES.has(this.#text[this.#at] ?? '')) return this.#invalid('in string escape code');
    }
    this.#at++;
    return undefined;
  }

  #word(word: string): string | undefined {
    for (const [index, expected] of [...word].entries()) {
      if (this.#text[this.#at] !== expected)
        return this.#invalid(`in literal ${word} (expecting '${word[index]}')`);
      this.#at++;
    }
    return undefined;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (SPACE.has(this.#text[this.#at] ?? '')) this.#at++;
  }

  #invalid(where: string): string {
    const point = this.#text.codePointAt(this.#at);
    if (point === undefined) return 'unexpected end of JSON input';
    return `invalid character ${quoted(String.fromCodePoint(point))} ${where}`;
  }
}

/** A character as Go quotes it. */
function quoted(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  return `'${JSON.stringify(character).slice(1, -1)}'`;
}
