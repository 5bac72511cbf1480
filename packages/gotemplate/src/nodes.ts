import type { NumberValue } from './literals.ts';
import { quote } from './quote.ts';

/** What a list of a template consists of. `position` is an offset in the text, in UTF-16 units. */
export type Node =
  | TextNode
  | ActionNode
  | BranchNode
  | RangeNode
  | TemplateNode
  | { readonly kind: 'break' | 'continue'; readonly position: number };

export interface TextNode {
  readonly kind: 'text';
  readonly position: number;
  readonly text: string;
}

export interface ActionNode {
  readonly kind: 'action';
  readonly position: number;
  readonly pipe: PipeNode;
}

export interface BranchNode {
  readonly kind: 'if' | 'with';
  readonly position: number;
  readonly pipe: PipeNode;
  readonly list: readonly Node[];
  readonly elseList: readonly Node[];
}

export interface RangeNode {
  readonly kind: 'range';
  readonly position: number;
  readonly pipe: PipeNode;
  readonly list: readonly Node[];
  readonly elseList: readonly Node[];
}

export interface TemplateNode {
  readonly kind: 'template';
  readonly position: number;
  readonly name: string;
  /** What the template's dot will be; absent: nothing. */
  readonly pipe: PipeNode | undefined;
}

export interface PipeNode {
  readonly kind: 'pipe';
  readonly position: number;
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly variables: readonly VariableNode[];
  readonly commands: readonly CommandNode[];
}

export interface CommandNode {
  readonly kind: 'command';
  readonly position: number;
  /** Not empty; the first is what is called when there are more. */
  readonly operands: readonly [Operand, ...Operand[]];
}

export type Operand =
  | PipeNode
  | VariableNode
  | { readonly kind: 'field'; readonly position: number; readonly names: readonly string[] }
  | {
      readonly kind: 'chain';
      readonly position: number;
      readonly of: Operand;
      readonly names: readonly string[];
    }
  | { readonly kind: 'function'; readonly position: number; readonly name: string }
  | { readonly kind: 'dot' | 'nil'; readonly position: number }
  | { readonly kind: 'bool'; readonly position: number; readonly value: boolean }
  | { readonly kind: 'string'; readonly position: number; readonly quoted: string; readonly value: string }
  | NumberNode;

export interface VariableNode {
  readonly kind: 'variable';
  readonly position: number;
  /** With its `$`. */
  readonly name: string;
  readonly names: readonly string[];
}

export interface NumberNode {
  readonly kind: 'number';
  readonly position: number;
  readonly number: NumberValue;
}

/** A node as an error message shows it: the source again, with single spaces. */
export function nodeText(node: Operand | CommandNode | ActionNode | TemplateNode): string {
  switch (node.kind) {
    case 'action':
      return `{{${pipeText(node.pipe)}}}`;
    case 'pipe':
      return pipeText(node);
    case 'command':
      return node.operands.map(bracketed).join(' ');
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${pipeText(node.pipe)}`}}}`;
    case 'variable':
      return [node.name, ...node.names].join('.');
    case 'field':
      return dotted(node.names);
    case 'chain':
      return bracketed(node.of) + dotted(node.names);
    case 'function':
      return node.name;
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'string':
      return node.quoted;
    case 'number':
      return node.number.text;
  }
}

const dotted = (names: readonly string[]) => names.map((name) => `.${name}`).join('');

function bracketed(operand: Operand): string {
  return operand.kind === 'pipe' ? `(${nodeText(operand)})` : nodeText(operand);
}

function pipeText(pipe: PipeNode): string {
  const commands = pipe.commands.map(nodeText).join(' | ');
  if (pipe.variables.length === 0) return commands;
  return `${pipe.variables.map(nodeText).join(', ')} ${pipe.assigns ? '=' : ':='} ${commands}`;
}
