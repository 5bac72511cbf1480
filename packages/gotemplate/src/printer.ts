import { type Node, nodeText, type PipeNode } from './nodes.ts';
import type { Definitions } from './parser.ts';
import { quote } from './quote.ts';

export interface PrintOptions {
  /** The template whose text comes last, as itself; the others are printed as `define`. */
  readonly name: string;
  readonly leftDelimiter: string;
  readonly rightDelimiter: string;
}

/**
 * The text of parsed templates: it parses to the same nodes. Comments, trimmed space and spaces within actions are
 * gone, a `block` is a definition and a call, `else if` an `if` within `else`.
 */
export function printTemplates(definitions: Definitions, options: PrintOptions): string {
  const printer = new Printer(options);
  let out = '';
  for (const [name, list] of definitions)
    if (name !== options.name)
      out += printer.action(`define ${quote(name)}`) + printer.list(list) + printer.action('end');
  return out + printer.list(definitions.get(options.name) ?? []);
}

class Printer {
  readonly #left: string;
  readonly #right: string;

  constructor({ leftDelimiter, rightDelimiter }: PrintOptions) {
    this.#left = leftDelimiter;
    this.#right = rightDelimiter;
  }

  list(list: readonly Node[]): string {
    return list.map((node) => this.#node(node)).join('');
  }

  action(inner: string): string {
    return this.#left + inner + this.#right;
  }

  #node(node: Node): string {
    switch (node.kind) {
      case 'text':
        return this.#text(node.text);
      case 'action':
        return this.action(nodeText(node.pipe));
      case 'template':
        return this.action(`template ${quote(node.name)}${node.pipe ? ` ${nodeText(node.pipe)}` : ''}`);
      case 'break':
      case 'continue':
        return this.action(node.kind);
      default:
        return this.#branch(node.kind, node);
    }
  }

  #branch(
    keyword: string,
    branch: { readonly pipe: PipeNode; readonly list: readonly Node[]; readonly elseList: readonly Node[] },
  ): string {
    const { pipe, list, elseList } = branch;
    const otherwise = elseList.length === 0 ? '' : this.action('else') + this.list(elseList);
    return this.action(`${keyword} ${nodeText(pipe)}`) + this.list(list) + otherwise + this.action('end');
  }

  /** An end of the text that would begin a delimiter with what follows is parted from it by a comment. */
  #text(text: string): string {
    for (let length = this.#left.length - 1; length > 0; length--)
      if (text.endsWith(this.#left.slice(0, length))) return `${text} ${this.action('- /**/')}`;
    return text;
  }
}
