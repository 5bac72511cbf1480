import { checkArgument, constantArgument, constantValue, type Fail, toArgument } from './arguments.ts';
import { AND_OR, type Callee, calleeOf, callPrepared, describe, resultOf } from './callee.ts';
import { TemplateError } from './errors.ts';
import { lookUp, type MissingKey } from './fields.ts';
import { builtinFunctions, type Functions } from './functions.ts';
import { type GoType, reflectValue } from './go-type.ts';
import { dig, type GoFunction, type Reflected } from './go-value.ts';
import {
  type ActionNode,
  type CommandNode,
  nodeText,
  type Operand,
  type PipeNode,
  type TemplateNode,
} from './nodes.ts';
import { quote } from './quote.ts';
import { isTrue } from './truth.ts';
import { byteLength } from './utf8.ts';

/** What a template was parsed from, for the positions in messages. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** One call of a template: its name and the variables that it sees. */
export interface Scope {
  readonly templateName: string;
  readonly depth: number;
  readonly variables: { readonly name: string; value: Reflected }[];
}

type AnyNode = Operand | CommandNode | ActionNode | TemplateNode;

/** In the place of the value that a pipeline hands to its next command: there is none. */
const NOTHING: unique symbol = Symbol('no final argument');
type Final = Reflected | typeof NOTHING;

/** Evaluates pipelines. The walk over the template's lists says in which scope. */
export class Evaluator {
  readonly #source: Source;
  readonly #functions: Functions;
  readonly #missingKey: MissingKey;
  scope: Scope;
  /** What is being evaluated: where an error is placed. */
  #node: AnyNode | undefined;

  constructor(source: Source, functions: Functions, missingKey: MissingKey, scope: Scope) {
    this.#source = source;
    this.#functions = functions;
    this.#missingKey = missingKey;
    this.scope = scope;
  }

  at(node: AnyNode): void {
    this.#node = node;
  }

  readonly fail: Fail = (message) => {
    const position = this.#node?.position ?? 0;
    const { name, text } = this.#source;
    const lineStart = text.lastIndexOf('\n', position - 1) + 1;
    const line = text.slice(0, position).split('\n').length;
    const column = byteLength(text.slice(position === 0 ? 0 : lineStart, position));
    const context = this.#node === undefined ? '' : nodeText(this.#node);
    const place = `template: ${name}:${line}:${column}: executing ${quote(this.scope.templateName)} at <${context}>`;
    throw new TemplateError('exec', `${place}: ${message}`);
  };

  /** The pipeline's value, out of its interface. Variables that it declares are pushed onto the scope. */
  pipeline(dot: Reflected, pipe: PipeNode): Reflected {
    this.at(pipe);
    let value: Final = NOTHING;
    for (const command of pipe.commands) value = dig(this.#command(dot, command, value));
    const result: Reflected = value === NOTHING ? undefined : value;
    for (const { name } of pipe.variables) {
      if (pipe.assigns) this.setVariable(name, result);
      else this.scope.variables.push({ name, value: result });
    }
    return result;
  }

  setVariable(name: string, value: Reflected): void {
    this.#variable(name).value = value;
  }

  #variable(name: string): Scope['variables'][number] {
    return (
      this.scope.variables.findLast((variable) => variable.name === name) ??
      this.fail(`undefined variable: ${name}`)
    );
  }

  #command(dot: Reflected, command: CommandNode, final: Final): Reflected {
    const [first, ...others] = command.operands;
    switch (first.kind) {
      case 'field':
      case 'chain':
      case 'variable':
        return this.#path(dot, first, others, final);
      case 'function':
        return this.#function(dot, first, command, others, final);
      case 'pipe':
        this.#refuseArguments(first, others, final);
        return this.pipeline(dot, first);
      default:
        this.at(first);
        this.#refuseArguments(first, others, final);
        if (first.kind === 'nil') return this.fail('nil is not a command');
        return first.kind === 'dot' ? dot : constantValue(first, this.fail);
    }
  }

  #refuseArguments(operand: Operand, others: readonly Operand[], final: Final): void {
    if (others.length > 0 || final !== NOTHING)
      this.fail(`can't give argument to non-function ${nodeText(operand)}`);
  }

  /** `.A.B`, `$x.A.B` or `(pipeline).A.B`; the last name may be that of a method, which gets the arguments. */
  #path(
    dot: Reflected,
    operand: Extract<Operand, { kind: 'field' | 'chain' | 'variable' }>,
    others: readonly Operand[],
    final: Final,
  ): Reflected {
    this.at(operand);
    let receiver = this.#root(dot, operand);
    if (operand.names.length === 0) this.#refuseArguments(operand, others, final);
    operand.names.forEach((name, index) => {
      const isLast = index === operand.names.length - 1;
      receiver = this.#member(dot, receiver, name, operand, isLast ? others : [], isLast ? final : NOTHING);
    });
    return receiver;
  }

  #root(dot: Reflected, operand: Extract<Operand, { kind: 'field' | 'chain' | 'variable' }>): Reflected {
    if (operand.kind === 'field') return dot;
    if (operand.kind === 'variable') return this.#variable(operand.name).value;
    if (operand.of.kind === 'nil') this.fail(`indirection through explicit nil in ${nodeText(operand)}`);
    return this.#argument(dot, reflectValue, operand.of);
  }

  #member(
    dot: Reflected,
    receiver: Reflected,
    name: string,
    node: Operand,
    others: readonly Operand[],
    final: Final,
  ): Reflected {
    const hasArguments = others.length > 0 || final !== NOTHING;
    const found = lookUp(receiver, name, { hasArguments, missingKey: this.#missingKey, fail: this.fail });
    if (!('method' in found)) return found.value;
    const { method, self } = found;
    const invoke = (values: readonly unknown[]) => method.call(self as never, ...(values as never[]));
    return this.#call(dot, { name, signature: method, invoke }, node, others, final);
  }

  #function(
    dot: Reflected,
    { name, position }: { readonly name: string; readonly position: number },
    node: CommandNode | Operand,
    others: readonly Operand[],
    final: Final,
  ): Reflected {
    this.at({ kind: 'function', name, position });
    const own = Object.hasOwn(this.#functions, name) ? this.#functions[name] : undefined;
    if (own === undefined && (name === 'and' || name === 'or')) return this.#andOr(dot, name, others, final);
    if (own === undefined && name === 'call') return this.#callBuiltin(dot, node, others, final);
    const builtin = Object.hasOwn(builtinFunctions, name) ? builtinFunctions[name] : undefined;
    const callee = own ?? builtin ?? this.fail(`${quote(name)} is not a defined function`);
    return this.#call(dot, calleeOf(name, callee), node, others, final);
  }

  /** Evaluates no more arguments than it takes to know the result. */
  #andOr(dot: Reflected, name: 'and' | 'or', others: readonly Operand[], final: Final): Reflected {
    this.#checkCount({ name, signature: AND_OR }, others, final);
    let value: Reflected;
    for (const operand of others) {
      value = this.#argument(dot, reflectValue, operand);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === NOTHING ? value : final;
  }

  /** `call f x`: a value that is a function. */
  #callBuiltin(
    dot: Reflected,
    node: CommandNode | Operand,
    others: readonly Operand[],
    final: Final,
  ): Reflected {
    const invoke = ([first, ...values]: readonly unknown[]): Reflected => {
      const fn = dig(first as Reflected);
      const name = others[0] === undefined ? describe(fn) : nodeText(others[0]);
      if (fn === undefined) throw new Error('call of nil');
      if (fn.type.kind !== 'func') throw new Error(`non-function ${name} of type ${fn.type.name}`);
      return callPrepared(calleeOf(name, fn as GoFunction), values as readonly Reflected[]);
    };
    return this.#call(dot, { name: 'call', signature: AND_OR, invoke }, node, others, final);
  }

  #checkCount({ name, signature }: Omit<Callee, 'invoke'>, others: readonly Operand[], final: Final): void {
    const given = others.length + (final === NOTHING ? 0 : 1);
    const { length } = signature.parameters;
    if (signature.rest !== undefined && given < length)
      this.fail(`wrong number of args for ${name}: want at least ${length} got ${others.length}`);
    if (signature.rest === undefined && given !== length)
      this.fail(`wrong number of args for ${name}: want ${length} got ${given}`);
  }

  #call(
    dot: Reflected,
    callee: Callee,
    node: CommandNode | Operand,
    others: readonly Operand[],
    final: Final,
  ): Reflected {
    this.#checkCount(callee, others, final);
    const { signature, name, invoke } = callee;
    const typeAt = (index: number) => signature.parameters[index] ?? signature.rest ?? reflectValue;
    const values = others.map((operand, index) => {
      const type = typeAt(index);
      return toArgument(this.#argument(dot, type, operand), type);
    });
    if (final !== NOTHING) {
      const type = typeAt(others.length);
      values.push(toArgument(checkArgument(final, type, this.fail), type));
    }
    try {
      return resultOf(invoke(values), signature);
    } catch (error) {
      this.at(node);
      return this.fail(`error calling ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #argument(dot: Reflected, type: GoType, operand: Operand): Reflected {
    this.at(operand);
    switch (operand.kind) {
      case 'dot':
        return checkArgument(dot, type, this.fail);
      case 'field':
      case 'variable':
      case 'chain':
        return checkArgument(this.#path(dot, operand, [], NOTHING), type, this.fail);
      case 'pipe':
        return checkArgument(this.pipeline(dot, operand), type, this.fail);
      case 'function':
        return checkArgument(this.#function(dot, operand, operand, [], NOTHING), type, this.fail);
      default:
        return constantArgument(operand, type, this.fail);
    }
  }
}
