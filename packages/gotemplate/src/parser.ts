import { Lexer } from './lexer.ts';
import type { BranchNode, Node, PipeNode, TemplateNode } from './nodes.ts';
import { ParseState } from './parse-state.ts';
import { PipelineParser } from './pipeline-parser.ts';
import { quote } from './quote.ts';

export interface ParseOptions {
  readonly name: string;
  readonly leftDelimiter: string;
  readonly rightDelimiter: string;
  /** Whether a function of that name exists, and whether it is the caller's rather than a built-in one. */
  readonly isFunction: (name: string) => boolean;
  readonly isOwnFunction: (name: string) => boolean;
}

/** The templates that a text defines, by name: its own and those of `define` and `block`. */
export type Definitions = Map<string, readonly Node[]>;

/**
 * Parses a template's text. Throws a `TemplateError` of phase `parse`.
 * Go 1.23, package text/template, "Actions".
 */
export function parse(text: string, options: ParseOptions): Definitions {
  const lexer = new Lexer(text, { ...options, isFunction: options.isOwnFunction });
  const state = new ParseState(lexer, options.name);
  const definitions: Definitions = new Map();
  const context: Context = { state, definitions, isFunction: options.isFunction };
  const list = new ListParser(context).wholeText();
  define(context, options.name, list);
  return definitions;
}

interface Context {
  readonly state: ParseState;
  readonly definitions: Definitions;
  readonly isFunction: (name: string) => boolean;
}

/** Go keeps the first definition with content; a second one is an error. */
function define({ state, definitions }: Context, name: string, list: readonly Node[]): void {
  const known = definitions.get(name);
  if (known === undefined || isEmpty(known)) definitions.set(name, list);
  else if (!isEmpty(list)) state.fail(`template: multiple definition of template ${quote(name)}`);
}

function isEmpty(list: readonly Node[]): boolean {
  return list.every((node) => node.kind === 'text' && /^\p{White_Space}*$/u.test(node.text));
}

type End = { readonly kind: 'end' } | { readonly kind: 'else' };

/** Parses the lists of one template; variables and loops of an outer one do not reach into it. */
class ListParser {
  readonly #context: Context;
  readonly #state: ParseState;
  readonly #pipelines: PipelineParser;
  #loops = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#state = context.state;
    this.#pipelines = new PipelineParser(context.state, context.isFunction);
  }

  /** Everything up to the end; only here may `define` stand. */
  wholeText(): Node[] {
    const list: Node[] = [];
    while (this.#state.peek().type !== 'eof') {
      if (this.#definition()) continue;
      const node = this.#textOrAction();
      if (node.kind === 'end' || node.kind === 'else') this.#state.fail(`unexpected {{${node.kind}}}`);
      list.push(node);
    }
    return list;
  }

  #definition(): boolean {
    const delimiter = this.#state.next();
    const keyword = delimiter.type === 'left-delimiter' ? this.#state.nextNonSpace() : undefined;
    if (keyword?.type === 'define') {
      const name = this.#pipelines.unquote(this.#state.expect('define clause', 'string', 'raw-string'));
      this.#state.expect('define clause', 'right-delimiter');
      this.#nestedTemplate(name, 'define clause');
      return true;
    }
    this.#state.giveBack(delimiter, ...(keyword === undefined ? [] : [keyword]));
    return false;
  }

  /** The list of a `define` or `block` up to its `end`. */
  #nestedTemplate(name: string, context: string): void {
    const { line } = this.#state;
    const { list, end } = new ListParser(this.#context).#listToEnd();
    // Go's parser of a block tells the line it began on, that of a definition where it stopped.
    if (end.kind !== 'end')
      this.#state.fail(
        `unexpected {{${end.kind}}} in ${context}`,
        context === 'block clause' ? line : undefined,
      );
    define(this.#context, name, list);
  }

  #listToEnd(): { list: Node[]; end: End } {
    return this.#state.nested(() => {
      const list: Node[] = [];
      while (this.#state.peekNonSpace().type !== 'eof') {
        const node = this.#textOrAction();
        if (node.kind === 'end' || node.kind === 'else') return { list, end: node };
        list.push(node);
      }
      return this.#state.fail('unexpected EOF');
    });
  }

  #textOrAction(): Node | End {
    const token = this.#state.nextNonSpace();
    if (token.type === 'text') return { kind: 'text', position: token.position, text: token.text };
    if (token.type !== 'left-delimiter') return this.#state.unexpected(token, 'input');
    this.#state.actionLine = token.line;
    const node = this.#action();
    this.#state.actionLine = 0;
    return node;
  }

  #action(): Node | End {
    const token = this.#state.nextNonSpace();
    switch (token.type) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#loopControl(token.type, token.position);
      case 'else':
        return this.#else();
      case 'end':
        this.#state.expect('end', 'right-delimiter');
        return { kind: 'end' };
      case 'if':
      case 'with':
        return this.#branch(token.type);
      case 'range':
        return this.#range();
      case 'template':
        return this.#template();
      default: {
        this.#state.giveBack(token);
        const { position } = token;
        return { kind: 'action', position, pipe: this.#pipelines.pipeline('command', 'right-delimiter') };
      }
    }
  }

  #loopControl(kind: 'break' | 'continue', position: number): Node {
    this.#state.expect(`{{${kind}}}`, 'right-delimiter');
    if (this.#loops === 0) this.#state.fail(`{{${kind}}} outside {{range}}`);
    return { kind, position };
  }

  /** After `else`: the delimiter is taken; an `if` or `with`, which makes an `else if`, is not. */
  #else(): End {
    const next = this.#state.peekNonSpace().type;
    if (next !== 'if' && next !== 'with') this.#state.expect('else', 'right-delimiter');
    return { kind: 'else' };
  }

  #branch(kind: 'if' | 'with'): BranchNode {
    return this.#scoped(() => {
      const pipe = this.#pipelines.pipeline(kind, 'right-delimiter');
      const { list, end } = this.#listToEnd();
      const branch = { kind, position: pipe.position, pipe, list };
      if (end.kind === 'end') return { ...branch, elseList: [] };
      // `{{else if x}}` is `{{else}}{{if x}}` with one `{{end}}` for both.
      if (this.#state.peek().type === kind) {
        this.#state.next();
        return { ...branch, elseList: [this.#state.nested(() => this.#branch(kind))] };
      }
      return { ...branch, elseList: this.#elseList() };
    });
  }

  #range(): Node {
    return this.#scoped(() => {
      const pipe = this.#pipelines.pipeline('range', 'right-delimiter');
      this.#loops++;
      const { list, end } = this.#listToEnd();
      this.#loops--;
      const elseList = end.kind === 'else' ? this.#elseList() : [];
      return { kind: 'range', position: pipe.position, pipe, list, elseList };
    });
  }

  #elseList(): readonly Node[] {
    const { list, end } = this.#listToEnd();
    if (end.kind !== 'end') this.#state.fail(`expected end; found {{${end.kind}}}`);
    return list;
  }

  /** Forgets the variables that `parse` declares. */
  #scoped<T>(parse: () => T): T {
    const { variables } = this.#pipelines;
    const known = variables.length;
    const result = parse();
    variables.length = known;
    return result;
  }

  #template(): TemplateNode {
    const { name, position } = this.#templateName('template clause');
    const next = this.#state.nextNonSpace();
    if (next.type === 'right-delimiter') return { kind: 'template', position, name, pipe: undefined };
    this.#state.giveBack(next);
    const pipe = this.#pipelines.pipeline('template clause', 'right-delimiter');
    return { kind: 'template', position, name, pipe };
  }

  /** `{{block "x" .}}` defines a template and calls it. */
  #block(): TemplateNode {
    const { name, position } = this.#templateName('block clause');
    const pipe: PipeNode = this.#pipelines.pipeline('block clause', 'right-delimiter');
    this.#nestedTemplate(name, 'block clause');
    return { kind: 'template', position, name, pipe };
  }

  #templateName(context: string): { name: string; position: number } {
    const token = this.#state.nextNonSpace();
    if (token.type !== 'string' && token.type !== 'raw-string') this.#state.unexpected(token, context);
    return { name: this.#pipelines.unquote(token), position: token.position };
  }
}
