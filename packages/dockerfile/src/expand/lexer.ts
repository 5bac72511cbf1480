import { type EscapeCharacter, isSpace } from '../characters.ts';
import { DockerfileError } from '../errors.ts';
import { quote } from '../quote.ts';
import { substitute } from './substitution.ts';

export interface LexerOptions {
  readonly escape: EscapeCharacter;
  /** The value of a variable; `undefined`: it is not set. */
  lookUp(name: string): string | undefined;
  /** Quotes and escapes stay in the result. */
  readonly isRaw?: boolean;
  /** Quotes have no meaning: the text of a here-document. */
  readonly ignoresQuotes?: boolean;
  /** Variables that are not set stay as they are written. */
  readonly keepsUnset?: boolean;
}

export interface Lexed {
  readonly word: string;
  /** Split at spaces outside of quotes, after variables got their values. */
  readonly words: readonly string[];
}

/** Substitutions in substitutions; a limit of our own, so that no text can exhaust the stack. */
const MAX_NESTING = 100;

const SPECIAL_PARAMETERS = '@*#?-$!0';
const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;

/**
 * Reads one text as a shell reads a word: quotes, escapes, variables. Single use.
 * Throws `DockerfileError` of the kind `word`.
 */
export class WordLexer {
  readonly #text: string;
  readonly #options: LexerOptions;
  #position = 0;
  #nesting = 0;
  #keepsEscapes: boolean;
  readonly #words: string[] = [];
  #pending = '';

  constructor(text: string, options: LexerOptions) {
    this.#text = text;
    this.#options = options;
    this.#keepsEscapes = options.isRaw ?? false;
  }

  lex(): Lexed {
    try {
      const word = this.#readUntil(undefined, this.#keepsEscapes);
      this.#endWord();
      return { word, words: this.#words };
    } catch (error) {
      if (!(error instanceof DockerfileError)) throw error;
      throw new DockerfileError('word', `failed to process ${quote(this.#text)}: ${error.message}`);
    }
  }

  #readUntil(stop: string | undefined, keepsEscapes: boolean): string {
    const outer = this.#keepsEscapes;
    this.#keepsEscapes = keepsEscapes;
    let result = '';
    for (let next = this.#peek(); next !== ''; next = this.#peek()) {
      if (next === stop) {
        this.#take();
        this.#keepsEscapes = outer;
        return result;
      }
      result += this.#readPart(next);
    }
    this.#keepsEscapes = outer;
    if (stop !== undefined) throw problem(`unexpected end of statement while looking for matching ${stop}`);
    return result;
  }

  /** One character, or what a quote or a dollar begins. */
  #readPart(next: string): string {
    if (next === '$') {
      const value = this.#dollar();
      if (this.#nesting === 0) for (const character of value) this.#addToWord(character);
      return value;
    }
    const isQuote = (next === "'" || next === '"') && this.#options.ignoresQuotes !== true;
    if (isQuote) return this.#addQuoted(next === '"' ? this.#doubleQuoted() : this.#singleQuoted());
    this.#take();
    if (next !== this.#options.escape) {
      if (this.#nesting === 0) this.#addToWord(next);
      return next;
    }
    return this.#addQuoted((this.#keepsEscapes ? next : '') + this.#take());
  }

  #singleQuoted(): string {
    const mark = this.#take();
    const end = this.#text.indexOf(mark, this.#position);
    if (end < 0) throw problem('unexpected end of statement while looking for matching single-quote');
    const content = this.#text.slice(this.#position, end);
    this.#position = end + 1;
    return this.#options.isRaw ? mark + content + mark : content;
  }

  #doubleQuoted(): string {
    const mark = this.#take();
    let result = this.#options.isRaw ? mark : '';
    for (let next = this.#peek(); next !== mark; next = this.#peek()) {
      if (next === '') throw problem('unexpected end of statement while looking for matching double-quote');
      result += next === '$' ? this.#dollar() : this.#quotedCharacter();
    }
    this.#take();
    return this.#options.isRaw ? result + mark : result;
  }

  /** Inside of double quotes an escape takes the meaning from `"`, `$` and itself only; else it stays. */
  #quotedCharacter(): string {
    const character = this.#take();
    if (character !== this.#options.escape) return character;
    const kept = this.#keepsEscapes ? character : '';
    const next = this.#peek();
    if (next === '') return kept;
    return kept + (next === '"' || next === '$' || next === character ? this.#take() : character);
  }

  #dollar(): string {
    this.#take();
    if (this.#peek() === '{') return this.#braced();
    const name = this.#name();
    if (name === '') return '$';
    return this.#options.lookUp(name) ?? (this.#options.keepsUnset ? `$${name}` : '');
  }

  #braced(): string {
    this.#take();
    const first = this.#peek();
    if (first === '') throw problem("syntax error: missing '}'");
    if ('{}:'.includes(first)) throw problem('syntax error: bad substitution');
    const name = this.#name();
    // The end of the text reads as a replacement character, as in BuildKit's texts.
    let modifier = this.#take() || '\ufffd';
    if (modifier === '}')
      return this.#options.lookUp(name) ?? (this.#options.keepsUnset ? `\${${name}}` : '');
    if (modifier === '/') return this.#replacement(name);
    if (modifier === ':') modifier += this.#take() || '\ufffd';
    else if (!'+-?#%'.includes(modifier)) throw unsupported(modifier);
    const operator = modifier.at(-1) ?? '';
    const word = this.#nested('}', operator === '#' || operator === '%', "syntax error: missing '}'");
    const value = this.#options.lookUp(name);
    if (value === undefined && this.#options.keepsUnset) return `\${${name}${modifier}${word}}`;
    const isNullUnset = modifier.startsWith(':');
    const result = substitute({ name, value, operator, isNullUnset, word });
    if (result === undefined) throw unsupported(modifier);
    return result;
  }

  #replacement(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#take();
    const pattern = this.#nested('/', true, `syntax error: missing '/' in \${}`);
    const replacement = this.#nested('}', true, "syntax error: missing '}'");
    const value = this.#options.lookUp(name);
    if (value === undefined && this.#options.keepsUnset) return `\${${name}/${pattern}/${replacement}}`;
    const operator = all ? '//' : '/';
    return substitute({ name, value, operator, isNullUnset: false, word: pattern, replacement }) ?? '';
  }

  #nested(stop: string, keepsEscapes: boolean, unterminated: string): string {
    if (this.#nesting === MAX_NESTING) throw problem('syntax error: substitutions are nested too deeply');
    this.#nesting++;
    try {
      return this.#readUntil(stop, keepsEscapes);
    } catch (error) {
      const isCutOff = error instanceof DockerfileError && this.#peek() === '';
      throw isCutOff ? problem(unterminated) : error;
    } finally {
      this.#nesting--;
      // BuildKit keeps one buffer for the words of all levels: what stands before the `$` of a substitution
      // with a modifier is lost when words are asked for (`a${V:-b}c` is the word `bc`).
      this.#pending = '';
    }
  }

  #name(): string {
    const first = this.#peek();
    if (DIGIT.test(first)) return this.#takeWhile(isDigit);
    if (first !== '' && SPECIAL_PARAMETERS.includes(first)) return this.#take();
    return this.#takeWhile(isNamePart);
  }

  #takeWhile(holds: (character: string) => boolean): string {
    const start = this.#position;
    for (let next = this.#peek(); next !== '' && holds(next); next = this.#peek()) this.#take();
    return this.#text.slice(start, this.#position);
  }

  /** A character that a variable gave, or one without quotes: spaces divide words. */
  #addToWord(character: string): void {
    if (isSpace(character)) this.#endWord();
    else this.#pending += character;
  }

  #addQuoted(text: string): string {
    if (this.#nesting === 0) this.#pending += text;
    return text;
  }

  #endWord(): void {
    if (this.#pending !== '') this.#words.push(this.#pending);
    this.#pending = '';
  }

  /** The next character, or '' at the end. */
  #peek(): string {
    const code = this.#text.codePointAt(this.#position);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #take(): string {
    const character = this.#peek();
    this.#position += character.length;
    return character;
  }
}

function isDigit(character: string): boolean {
  return DIGIT.test(character);
}

function isNamePart(character: string): boolean {
  return character === '_' || LETTER.test(character) || DIGIT.test(character);
}

function problem(message: string): DockerfileError {
  return new DockerfileError('word', message);
}

function unsupported(modifier: string): DockerfileError {
  return problem(`unsupported modifier (${modifier}) in substitution`);
}
