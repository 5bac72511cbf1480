import { type NumberValue, readCharacterConstant, readComplex, readNumber } from './literals.ts';
import { type CommandNode, nodeText, type Operand, type PipeNode, type VariableNode } from './nodes.ts';
import type { ParseState } from './parse-state.ts';
import { quote, unquote } from './quote.ts';
import type { Token, TokenType } from './tokens.ts';

const STARTS_OPERAND: ReadonlySet<TokenType> = new Set<TokenType>([
  'bool',
  'character',
  'complex',
  'dot',
  'field',
  'identifier',
  'left-paren',
  'nil',
  'number',
  'raw-string',
  'string',
  'variable',
]);

/** Parses what stands in an action: `declarations? command ('|' command)*`. */
export class PipelineParser {
  readonly #state: ParseState;
  readonly #isFunction: (name: string) => boolean;
  /** The variables in scope; whoever opens a scope cuts it back. */
  readonly variables: string[] = ['$'];

  constructor(state: ParseState, isFunction: (name: string) => boolean) {
    this.#state = state;
    this.#isFunction = isFunction;
  }

  /** A pipeline and the token `end` after it; `context` names it in messages. */
  pipeline(context: string, end: TokenType): PipeNode {
    const { position } = this.#state.peekNonSpace();
    const { variables, assigns } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#state.nextNonSpace();
      if (token.type === end) break;
      if (!STARTS_OPERAND.has(token.type)) this.#state.unexpected(token, context);
      this.#state.giveBack(token);
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#state.fail(`missing value for ${context}`);
    commands.forEach(({ operands: [first] }, index) => {
      if (index > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(first.kind))
        this.#state.fail(`non executable command in pipeline stage ${index + 1}`);
    });
    return { kind: 'pipe', position, assigns, variables, commands };
  }

  #declarations(context: string): { variables: VariableNode[]; assigns: boolean } {
    const variables: VariableNode[] = [];
    for (;;) {
      const variable = this.#state.peekNonSpace();
      if (variable.type !== 'variable') return { variables, assigns: false };
      this.#state.nextNonSpace();
      const after = this.#state.next();
      const operator = after.type === 'space' ? this.#state.nextNonSpace() : after;
      const separates = operator.type === 'char' && operator.text === ',';
      if (!separates && operator.type !== 'assign' && operator.type !== 'declare') {
        // Not a declaration: `$x` is an operand, and the space after it ends that.
        this.#state.giveBack(variable, ...(after === operator ? [after] : [after, operator]));
        return { variables, assigns: false };
      }
      variables.push(variableNode(variable));
      this.variables.push(variable.text);
      if (!separates) return { variables, assigns: operator.type === 'assign' };
      if (context !== 'range' || variables.length === 2)
        this.#state.fail(`too many declarations in ${context}`);
      if (!['variable', 'right-delimiter', 'right-paren'].includes(this.#state.peekNonSpace().type))
        this.#state.fail('range can only initialize variables');
    }
  }

  /** Operands with spaces between them, up to a `|`, which is taken, or the end, which is not. */
  #command(): CommandNode {
    const { position } = this.#state.peekNonSpace();
    const operands: Operand[] = [];
    for (;;) {
      this.#state.peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#state.next();
      if (token.type === 'space') continue;
      if (token.type === 'right-delimiter' || token.type === 'right-paren') this.#state.giveBack(token);
      else if (token.type !== 'pipe') this.#state.unexpected(token, 'operand');
      break;
    }
    const [first, ...others] = operands;
    if (first === undefined) return this.#state.fail('empty command');
    return { kind: 'command', position, operands: [first, ...others] };
  }

  /** A term with the fields that follow it; `undefined` when there is no term. */
  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#state.peek().type !== 'field') return term;
    const { position } = this.#state.peek();
    const names: string[] = [];
    while (this.#state.peek().type === 'field') names.push(this.#state.next().text.slice(1));
    switch (term.kind) {
      case 'field':
        return { kind: 'field', position, names: [...term.names, ...names] };
      case 'variable':
        return { ...term, position, names: [...term.names, ...names] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#state.fail(`unexpected . after term ${quote(nodeText(term))}`);
      default:
        return { kind: 'chain', position, of: term, names };
    }
  }

  #term(): Operand | undefined {
    const token = this.#state.nextNonSpace();
    const { position, text } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.#isFunction(text)) this.#state.fail(`function ${quote(text)} not defined`);
        return { kind: 'function', position, name: text };
      case 'dot':
      case 'nil':
        return { kind: token.type, position };
      case 'variable':
        if (!this.variables.includes(text)) this.#state.fail(`undefined variable ${quote(text)}`);
        return variableNode(token);
      case 'field':
        return { kind: 'field', position, names: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', position, value: text === 'true' };
      case 'character':
        return { kind: 'number', position, number: this.#checked(readCharacterConstant(text)) };
      case 'complex':
        return { kind: 'number', position, number: this.#checked(readComplex(text)) };
      case 'number':
        return { kind: 'number', position, number: this.#checked(readNumber(text)) };
      case 'left-paren':
        return this.#state.nested(() => this.pipeline('parenthesized pipeline', 'right-paren'));
      case 'string':
      case 'raw-string':
        return { kind: 'string', position, quoted: text, value: this.unquote(token) };
      default:
        this.#state.giveBack(token);
        return undefined;
    }
  }

  /** The value of a string token. */
  unquote(token: Token): string {
    return unquote(token.text) ?? this.#state.fail('invalid syntax');
  }

  #checked(number: NumberValue | string): NumberValue {
    return typeof number === 'string' ? this.#state.fail(number) : number;
  }
}

function variableNode({ position, text }: Token): VariableNode {
  return { kind: 'variable', position, name: text, names: [] };
}
