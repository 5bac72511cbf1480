import { mapEntries, sliceElements } from './containers.ts';
import { Evaluator, type Scope, type Source } from './evaluator.ts';
import type { MissingKey } from './fields.ts';
import { sprint, sprintf } from './fmt/printf.ts';
import { type Functions, printable } from './functions.ts';
import { int, isInt, isUint } from './go-type.ts';
import { GoValue, indirect, integerOf, type Reflected, stringOf } from './go-value.ts';
import {
  type ActionNode,
  type BranchNode,
  type Node,
  nodeText,
  type RangeNode,
  type TemplateNode,
} from './nodes.ts';
import type { Definitions } from './parser.ts';
import { quote } from './quote.ts';
import { isTrue } from './truth.ts';

/** How many calls of templates may be open at once, as in Go. */
const MAX_DEPTH = 100_000;

export interface Program {
  readonly source: Source;
  readonly definitions: Definitions;
  readonly functions: Functions;
  readonly missingKey: MissingKey;
  readonly rangeOverInt: boolean;
}

/** A list that is being walked. */
interface Frame {
  readonly list: readonly Node[];
  next: number;
  readonly dot: Reflected;
  readonly scope: Scope;
  /** How many variables the scope had before; the others end with the list. */
  readonly variables: number;
  /** Set for the body of a `range`. */
  readonly loop?: Loop;
}

interface Loop {
  readonly range: RangeNode;
  readonly items: Iterator<Item>;
  /** How many variables the scope had before the loop declared its own. */
  readonly variables: number;
}

type Item = readonly [index: Reflected, element: Reflected];

/** Executes a program on data. Throws a `TemplateError` of phase `exec`, or what `write` throws. */
export function run(program: Program, data: Reflected, write: (text: string) => void): void {
  new Walk(program, data, write).run();
}

/**
 * Walks the lists of a template. The lists that are open lie on a stack of its own: templates may call each
 * other far deeper than JavaScript's functions.
 */
class Walk {
  readonly #program: Program;
  readonly #write: (text: string) => void;
  readonly #evaluator: Evaluator;
  readonly #frames: Frame[] = [];

  constructor(program: Program, data: Reflected, write: (text: string) => void) {
    const { source, definitions, functions, missingKey } = program;
    const scope = newScope(source.name, 0, data);
    this.#program = program;
    this.#write = write;
    this.#evaluator = new Evaluator(source, functions, missingKey, scope);
    this.#enter(definitions.get(source.name) ?? [], data, scope, 1);
  }

  run(): void {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      this.#evaluator.scope = frame.scope;
      const node = frame.list[frame.next++];
      if (node === undefined) this.#leave(frame);
      else this.#step(frame, node);
    }
  }

  #enter(list: readonly Node[], dot: Reflected, scope: Scope, variables: number, loop?: Loop): void {
    this.#frames.push({ list, next: 0, dot, scope, variables, ...(loop && { loop }) });
  }

  #leave({ scope, variables, loop }: Frame): void {
    this.#frames.pop();
    scope.variables.length = variables;
    if (loop !== undefined) this.#iterate(scope, loop);
  }

  #step(frame: Frame, node: Node): void {
    switch (node.kind) {
      case 'text':
        this.#write(node.text);
        break;
      case 'action':
        this.#action(frame, node);
        break;
      case 'if':
      case 'with':
        this.#branch(frame, node);
        break;
      case 'range':
        this.#range(frame, node);
        break;
      case 'template':
        this.#template(frame, node);
        break;
      default:
        this.#leaveBody(node.kind);
    }
  }

  #action({ dot }: Frame, node: ActionNode): void {
    const value = this.#evaluator.pipeline(dot, node.pipe);
    if (node.pipe.variables.length > 0) return;
    this.#evaluator.at(node);
    this.#write(this.#textOf(value, node));
  }

  #textOf(value: Reflected, node: ActionNode): string {
    if (value?.type.name === 'string') return stringOf(value);
    const target = printable(value);
    if (target?.type.kind === 'func') {
      this.#evaluator.fail(`can't print ${nodeText(node)} of type ${target.type.name}`);
    }
    try {
      return sprint([target]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.#evaluator.fail('value is nested too deeply to print');
    }
  }

  #branch({ dot, scope }: Frame, { kind, pipe, list, elseList }: BranchNode): void {
    const { length } = scope.variables;
    const value = this.#evaluator.pipeline(dot, pipe);
    if (isTrue(value)) this.#enter(list, kind === 'with' ? value : dot, scope, length);
    else this.#enter(elseList, dot, scope, length);
  }

  #range({ dot, scope }: Frame, range: RangeNode): void {
    const { length } = scope.variables;
    const { value } = indirect(this.#evaluator.pipeline(dot, range.pipe));
    const items = this.#items(value, range);
    const first = items.next();
    if (first.done) this.#enter(range.elseList, dot, scope, length);
    else this.#enterBody(scope, { range, items, variables: length }, first.value);
  }

  #items(value: Reflected, { pipe }: RangeNode): Iterator<Item> {
    const kind = value?.type.kind;
    if (value === undefined || kind === undefined) return [][Symbol.iterator]();
    if (kind === 'slice') return elements(value);
    if (kind === 'map') return mapEntries(value).values();
    const text = sprintf('%v', [value]);
    if (!this.#program.rangeOverInt || !(isInt(kind) || isUint(kind)))
      return this.#evaluator.fail(`range can't iterate over ${text}`);
    if (pipe.variables.length > 1)
      this.#evaluator.fail(`can't use ${text} to iterate over more than one variable`);
    return integers(value);
  }

  #iterate(scope: Scope, loop: Loop): void {
    const item = loop.items.next();
    if (item.done) scope.variables.length = loop.variables;
    else this.#enterBody(scope, loop, item.value);
  }

  #enterBody(scope: Scope, loop: Loop, [index, element]: Item): void {
    const { pipe, list } = loop.range;
    const values = pipe.variables.length > 1 ? [index, element] : [element];
    for (const [position, { name }] of pipe.variables.entries()) {
      const declared = scope.variables[loop.variables + position];
      if (pipe.assigns) this.#evaluator.setVariable(name, values[position]);
      else if (declared !== undefined) declared.value = values[position];
    }
    this.#enter(list, element, scope, scope.variables.length, loop);
  }

  /** `break` and `continue`: leaves the lists inside the loop's body, then the body. */
  #leaveBody(kind: 'break' | 'continue'): void {
    let frame = this.#frames.at(-1);
    while (frame !== undefined && frame.loop === undefined) {
      this.#frames.pop();
      frame = this.#frames.at(-1);
    }
    if (frame?.loop === undefined) return;
    if (kind === 'continue') this.#leave(frame);
    else {
      this.#frames.pop();
      frame.scope.variables.length = frame.loop.variables;
    }
  }

  #template({ dot, scope }: Frame, node: TemplateNode): void {
    this.#evaluator.at(node);
    const list =
      this.#program.definitions.get(node.name) ??
      this.#evaluator.fail(`template ${quote(node.name)} not defined`);
    if (scope.depth >= MAX_DEPTH) this.#evaluator.fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const argument = node.pipe === undefined ? undefined : this.#evaluator.pipeline(dot, node.pipe);
    this.#enter(list, argument, newScope(node.name, scope.depth + 1, argument), 1);
  }
}

function newScope(templateName: string, depth: number, data: Reflected): Scope {
  return { templateName, depth, variables: [{ name: '$', value: data }] };
}

function* elements(value: GoValue): Generator<Item, undefined> {
  let index = 0;
  for (const element of sliceElements(value)) yield [new GoValue(int, index++), element];
}

function* integers(value: GoValue): Generator<Item, undefined> {
  const end = integerOf(value);
  for (let i = 0; i < end; i++) yield [undefined, new GoValue(value.type, i)];
}
