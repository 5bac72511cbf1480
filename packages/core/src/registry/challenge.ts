/** One way to authenticate that a server offers. RFC 9110, section 11.6.1. */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const BLANKS = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;

/**
 * Reads a `WWW-Authenticate` header, several challenges included. What does not follow the grammar is left
 * out instead of failing: the header comes from anybody.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  const reader = new HeaderReader(header);
  let parameters: Map<string, string> | undefined;
  for (;;) {
    reader.skip(SEPARATORS);
    const word = reader.take(TOKEN);
    if (word === undefined) {
      if (!reader.skipOne()) return challenges;
      continue;
    }
    reader.skip(BLANKS);
    if (!reader.accept('=')) {
      parameters = new Map();
      challenges.push({ scheme: word.toLowerCase(), parameters });
      continue;
    }
    reader.skip(BLANKS);
    const value = reader.quoted() ?? reader.take(TOKEN) ?? '';
    const name = word.toLowerCase();
    if (parameters !== undefined && !parameters.has(name)) parameters.set(name, value);
  }
}

/** The URL of the next page in a `Link` header. RFC 8288. */
export function parseNextLink(header: string): string | undefined {
  const reader = new HeaderReader(header);
  for (;;) {
    reader.skip(SEPARATORS);
    if (!reader.accept('<')) {
      if (!reader.skipOne()) return undefined;
      continue;
    }
    const target = reader.until('>');
    if (target === undefined) return undefined;
    if (isNext(reader)) return target;
  }
}

/** Reads the parameters behind a link's target up to the comma. */
function isNext(reader: HeaderReader): boolean {
  let next = false;
  for (;;) {
    reader.skip(BLANKS);
    if (!reader.accept(';')) return next;
    reader.skip(BLANKS);
    const name = reader.take(TOKEN)?.toLowerCase();
    reader.skip(BLANKS);
    if (!reader.accept('=')) continue;
    reader.skip(BLANKS);
    const value = reader.quoted() ?? reader.take(TOKEN) ?? '';
    if (name === 'rel' && value.toLowerCase().split(/\s+/).includes('next')) next = true;
  }
}

/** The texts of `Warning: 299 - "text"`. OCI distribution-spec v1.1, "Warnings". */
export function parseWarnings(header: string): string[] {
  const texts: string[] = [];
  for (const [, text] of header.slice(0, 4096).matchAll(/(?:^|,)\s*299 - "((?:[^"\\]|\\.)*)"/g))
    texts.push((text ?? '').replace(/\\(.)/g, '$1'));
  return texts;
}

class HeaderReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    if (match !== undefined) this.#at += match.length;
    return match;
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }

  skipOne(): boolean {
    this.#at++;
    return this.#at < this.#text.length;
  }

  accept(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  until(character: string): string | undefined {
    const end = this.#text.indexOf(character, this.#at);
    if (end < 0) return undefined;
    const found = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return found;
  }

  /** A quoted string without its quotes; an unclosed one ends with the header. */
  quoted(): string | undefined {
    if (!this.accept('"')) return undefined;
    let value = '';
    while (this.#at < this.#text.length) {
      let character = this.#text[this.#at++];
      if (character === '"') return value;
      if (character === '\\' && this.#at < this.#text.length) character = this.#text[this.#at++];
      value += character;
    }
    return value;
  }
}
