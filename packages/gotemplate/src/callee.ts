import { fromResult, toArgument } from './arguments.ts';
import { dynamicResult, type GoType, reflectValue, type Signature } from './go-type.ts';
import { dig, type GoFunction, type Reflected, stringOf, toGo } from './go-value.ts';
import { prepareArgument } from './indexing.ts';

/** What is called: a function of the template, a method or a value that is a function. */
export interface Callee {
  readonly name: string;
  readonly signature: Signature;
  readonly invoke: (values: readonly unknown[]) => unknown;
}

/** The signature of `and`, `or` and `call`: one value or more. */
export const AND_OR: Signature = { parameters: [reflectValue], rest: reflectValue, result: reflectValue };

/** A function under a name. */
export function calleeOf(name: string, { type, data }: GoFunction): Callee {
  const signature = type.signature ?? AND_OR;
  return {
    name,
    signature,
    invoke: (values) => (data as (...all: readonly unknown[]) => unknown)(...values),
  };
}

/** Calls a function that is a value: arguments are checked without a template's leniency. */
export function callPrepared({ name, signature, invoke }: Callee, values: readonly Reflected[]): Reflected {
  const { parameters, rest } = signature;
  const wanted = parameters.length;
  if (rest !== undefined && values.length < wanted)
    throw new Error(`wrong number of args for ${name}: got ${values.length} want at least ${wanted}`);
  if (rest === undefined && values.length !== wanted)
    throw new Error(`wrong number of args for ${name}: got ${values.length} want ${wanted}`);
  const prepared = values.map((value, index) => {
    const type = parameters[index] ?? rest ?? reflectValue;
    return toArgument(argumentAt(dig(value), type, index), type);
  });
  return resultOf(invoke(prepared), signature);
}

function argumentAt(value: Reflected, type: GoType, index: number): Reflected {
  try {
    return type.kind === 'value' ? value : prepareArgument(value, type);
  } catch (error) {
    throw new Error(`arg ${index}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** What a call gave back as a value. */
export function resultOf(data: unknown, { result }: Signature): Reflected {
  return result === dynamicResult ? toGo(data) : fromResult(data, result);
}

/** A value as Go's reflection names it: text itself, otherwise its type. */
export function describe(value: Reflected): string {
  if (value === undefined) return '<invalid Value>';
  return value.type.kind === 'string' ? stringOf(value) : `<${value.type.name} Value>`;
}
