import { TemplateError } from './errors.ts';
import type { Lexer } from './lexer.ts';
import { describeToken, type Token, type TokenType } from './tokens.ts';

/**
 * How deeply actions and parentheses may nest. Go's own bound (10000 parentheses, any number of actions)
 * would overflow the stack here.
 */
const MAX_DEPTH = 500;

/** Where the parser stands: tokens with look-ahead, and how its errors are worded. */
export class ParseState {
  readonly #lexer: Lexer;
  readonly #templateName: string;
  /** Tokens that were taken and given back; the next one is the last. */
  readonly #pending: Token[] = [];
  #depth = 0;
  /** The line of the last token that the lexer gave: where Go places an error. */
  line = 1;
  /** The line that the current action starts on; 0 outside of actions. */
  actionLine = 0;

  constructor(lexer: Lexer, templateName: string) {
    this.#lexer = lexer;
    this.#templateName = templateName;
  }

  next(): Token {
    const pending = this.#pending.pop();
    if (pending !== undefined) return pending;
    const token = this.#lexer.next();
    this.line = token.line;
    return token;
  }

  /** Gives tokens back, in the order in which they will be taken again. */
  giveBack(token: Token, ...later: Token[]): void {
    for (const each of later.reverse()) this.#pending.push(each);
    this.#pending.push(token);
  }

  peek(): Token {
    const token = this.next();
    this.giveBack(token);
    return token;
  }

  nextNonSpace(): Token {
    let token = this.next();
    while (token.type === 'space') token = this.next();
    return token;
  }

  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.giveBack(token);
    return token;
  }

  expect(context: string, ...types: readonly TokenType[]): Token {
    const token = this.nextNonSpace();
    return types.includes(token.type) ? token : this.unexpected(token, context);
  }

  unexpected(token: Token, context: string): never {
    if (token.type !== 'error') this.fail(`unexpected ${describeToken(token)} in ${context}`);
    if (this.actionLine === 0 || this.actionLine === token.line) this.fail(token.text);
    const where = `started at ${this.#templateName}:${this.actionLine}`;
    this.fail(`${token.text}${token.text.endsWith(' action') ? '' : ' in action'} ${where}`);
  }

  fail(message: string, line = this.line): never {
    throw new TemplateError('parse', `template: ${this.#templateName}:${line}: ${message}`);
  }

  /** Runs `parse` one level deeper. Throws a `TemplateError` where the nesting is too deep. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= MAX_DEPTH) this.fail('max expression depth exceeded');
    this.#depth++;
    const result = parse();
    this.#depth--;
    return result;
  }
}
