import { quote } from './quote.ts';
import { isKeyword, type Token, type TokenType, unicodeName } from './tokens.ts';
import { isDigit, isLetter, isPrintable } from './unicode.ts';

export interface LexerOptions {
  readonly leftDelimiter: string;
  readonly rightDelimiter: string;
  /** Names that are functions of the caller, hence no keywords: Go allows it for `break` and `continue`. */
  readonly isFunction: (name: string) => boolean;
}

const TRIM_MARKER = /^-[ \t\r\n]/;
const END_MARKER = /^[ \t\r\n]-/;
const MARKER_LENGTH = 2;

const isSpace = (character: string | undefined) =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';
const isAlphaNumeric = (codePoint: number) => codePoint === 0x5f || isLetter(codePoint) || isDigit(codePoint);

/** Cuts a template's text into tokens. After an error there are no more. */
export class Lexer {
  readonly #text: string;
  readonly #options: LexerOptions;
  #start = 0;
  #end = 0;
  #line = 1;
  #insideAction = false;
  #parens = 0;

  constructor(text: string, options: LexerOptions) {
    this.#text = text;
    this.#options = options;
  }

  next(): Token {
    return this.#insideAction ? this.#action() : this.#outside();
  }

  /** Text up to the next action, or that action's delimiter; comments are passed over. */
  #outside(): Token {
    for (;;) {
      const { leftDelimiter } = this.#options;
      const found = this.#text.indexOf(leftDelimiter, this.#start);
      if (found < 0) {
        this.#end = this.#text.length;
        return this.#emit(this.#end > this.#start ? 'text' : 'eof');
      }
      if (found > this.#start) {
        const trims = this.#matches(TRIM_MARKER, found + leftDelimiter.length);
        this.#end = found;
        while (trims && this.#end > this.#start && isSpace(this.#text[this.#end - 1])) this.#end--;
        const token = this.#emit('text');
        this.#skipTo(found);
        if (token.text !== '') return token;
      }
      const opened = this.#open();
      if (opened !== undefined) return opened;
    }
  }

  /** The left delimiter, or `undefined` after a whole comment. */
  #open(): Token | undefined {
    const afterDelimiter = this.#start + this.#options.leftDelimiter.length;
    const inner = afterDelimiter + (this.#matches(TRIM_MARKER, afterDelimiter) ? MARKER_LENGTH : 0);
    if (this.#text.startsWith('/*', inner)) {
      this.#skipTo(inner);
      return this.#comment();
    }
    this.#end = afterDelimiter;
    const token = this.#emit('left-delimiter');
    this.#skipTo(inner);
    this.#insideAction = true;
    this.#parens = 0;
    return token;
  }

  #comment(): Token | undefined {
    const close = this.#text.indexOf('*/', this.#start + 2);
    if (close < 0) return this.#fail('unclosed comment');
    this.#end = close + 2;
    const delimiter = this.#rightDelimiterAt(this.#end);
    if (delimiter === undefined) return this.#fail('comment ends before closing delimiter');
    this.#skipTo(this.#end + delimiter.length);
    if (delimiter.trims) this.#trimLeading();
    return undefined;
  }

  /** One token inside an action. */
  #action(): Token {
    this.#end = this.#start;
    if (this.#rightDelimiterAt(this.#start) !== undefined)
      return this.#parens === 0 ? this.#close() : this.#fail('unclosed left paren');
    const character = this.#take();
    if (character === '') return this.#fail('unclosed action');
    if (isSpace(character)) return this.#space();
    switch (character) {
      case '=':
        return this.#emit('assign');
      case ':':
        return this.#take() === '=' ? this.#emit('declare') : this.#fail('expected :=');
      case '|':
        return this.#emit('pipe');
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'character', 'unterminated character constant');
      case '`':
        return this.#rawString();
      case '$':
        return this.#name('variable', 'variable');
      case '(':
        this.#parens++;
        return this.#emit('left-paren');
      case ')':
        this.#parens--;
        return this.#parens < 0 ? this.#fail('unexpected right paren') : this.#emit('right-paren');
      default:
        return this.#numberOrName(character);
    }
  }

  #numberOrName(character: string): Token {
    const isNumber = character === '.' ? /^[0-9]$/.test(this.#peek()) : /^[-+0-9]$/.test(character);
    const codePoint = character.codePointAt(0) ?? 0;
    if (character === '.' && !isNumber && this.#peek() !== '') return this.#name('dot', 'field');
    if (isNumber || character === '.') {
      this.#end = this.#start;
      return this.#number();
    }
    if (isAlphaNumeric(codePoint)) return this.#identifier();
    if (codePoint < 0x80 && isPrintable(codePoint)) return this.#emit('char');
    return this.#fail(`unrecognized character in action: ${unicodeName(codePoint)}`);
  }

  #close(): Token {
    const delimiter = this.#rightDelimiterAt(this.#start);
    if (delimiter?.trims) this.#skipTo(this.#start + MARKER_LENGTH);
    this.#end = this.#start + this.#options.rightDelimiter.length;
    const token = this.#emit('right-delimiter');
    if (delimiter?.trims) this.#trimLeading();
    this.#insideAction = false;
    return token;
  }

  /** A run of spaces; the last one stays when it belongs to a ` -}}`. */
  #space(): Token {
    while (isSpace(this.#peek())) this.#end++;
    if (this.#rightDelimiterAt(this.#end - 1)?.trims) {
      this.#end--;
      if (this.#end === this.#start) return this.#close();
    }
    return this.#emit('space');
  }

  #identifier(): Token {
    while (isAlphaNumeric(this.#peekCodePoint())) this.#take();
    if (!this.#atTerminator()) return this.#badCharacter();
    const word = this.#text.slice(this.#start, this.#end);
    if (word === 'true' || word === 'false') return this.#emit('bool');
    const isLoopControl = word === 'break' || word === 'continue';
    const isOwn = isLoopControl && this.#options.isFunction(word);
    return this.#emit(isKeyword(word) && !isOwn ? word : 'identifier');
  }

  /** A field or a variable, whose `.` or `$` is taken; `bare` when nothing follows it. */
  #name(bare: 'dot' | 'variable', full: 'field' | 'variable'): Token {
    if (this.#atTerminator()) return this.#emit(bare);
    while (isAlphaNumeric(this.#peekCodePoint())) this.#take();
    return this.#atTerminator() ? this.#emit(full) : this.#badCharacter();
  }

  #quoted(mark: '"' | "'", type: 'string' | 'character', unterminated: string): Token {
    for (;;) {
      let character = this.#take();
      if (character === mark) return this.#emit(type);
      if (character === '\\') {
        character = this.#take();
        if (character !== '' && character !== '\n') continue;
      }
      if (character === '' || character === '\n') return this.#fail(unterminated);
    }
  }

  #rawString(): Token {
    const close = this.#text.indexOf('`', this.#end);
    if (close < 0) return this.#fail('unterminated raw quoted string');
    this.#end = close + 1;
    return this.#emit('raw-string');
  }

  /** A number in any of Go's forms, or a complex one; whether its digits suit is the parser's question. */
  #number(): Token {
    if (!this.#scanNumber()) return this.#badNumber();
    if (!/^[-+]$/.test(this.#peek())) return this.#emit('number');
    if (!this.#scanNumber() || this.#text[this.#end - 1] !== 'i') return this.#badNumber();
    return this.#emit('complex');
  }

  #scanNumber(): boolean {
    const rest = this.#text.slice(this.#end);
    const form =
      /^[-+]?0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?[0-9_]*)?i?/.exec(rest) ??
      /^[-+]?0[oO][0-7_]*(?:\.[0-7_]*)?i?/.exec(rest) ??
      /^[-+]?0[bB][01_]*(?:\.[01_]*)?i?/.exec(rest) ??
      /^[-+]?[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?i?/.exec(rest);
    this.#end += form?.[0].length ?? 0;
    if (!isAlphaNumeric(this.#peekCodePoint())) return true;
    this.#take();
    return false;
  }

  #badNumber(): Token {
    return this.#fail(`bad number syntax: ${quote(this.#text.slice(this.#start, this.#end))}`);
  }

  #badCharacter(): Token {
    return this.#fail(`bad character ${unicodeName(this.#peekCodePoint())}`);
  }

  #atTerminator(): boolean {
    const next = this.#peek();
    if (next === '' || isSpace(next) || '.,|:()'.includes(next)) return true;
    return this.#text.startsWith(this.#options.rightDelimiter, this.#end);
  }

  #rightDelimiterAt(offset: number): { readonly length: number; readonly trims: boolean } | undefined {
    const { rightDelimiter } = this.#options;
    if (this.#matches(END_MARKER, offset) && this.#text.startsWith(rightDelimiter, offset + MARKER_LENGTH))
      return { length: MARKER_LENGTH + rightDelimiter.length, trims: true };
    if (this.#text.startsWith(rightDelimiter, offset)) return { length: rightDelimiter.length, trims: false };
    return undefined;
  }

  #matches(marker: RegExp, offset: number): boolean {
    return marker.test(this.#text.slice(offset, offset + MARKER_LENGTH));
  }

  #peekCodePoint(): number {
    return this.#text.codePointAt(this.#end) ?? -1;
  }

  /** The next character, or '' at the end. */
  #peek(): string {
    const codePoint = this.#peekCodePoint();
    return codePoint < 0 ? '' : String.fromCodePoint(codePoint);
  }

  #take(): string {
    const character = this.#peek();
    this.#end += character.length;
    return character;
  }

  #trimLeading(): void {
    let end = this.#start;
    while (isSpace(this.#text[end])) end++;
    this.#skipTo(end);
  }

  #skipTo(offset: number): void {
    this.#line += countNewlines(this.#text, this.#start, offset);
    this.#start = offset;
  }

  #emit(type: TokenType): Token {
    const text = this.#text.slice(this.#start, this.#end);
    const token: Token = {
      type,
      text: type === 'eof' ? 'EOF' : text,
      position: this.#start,
      line: this.#line,
    };
    this.#skipTo(this.#end);
    return token;
  }

  #fail(message: string): Token {
    return { type: 'error', text: message, position: this.#start, line: this.#line };
  }
}

function countNewlines(text: string, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (text[i] === '\n') count++;
  return count;
}
