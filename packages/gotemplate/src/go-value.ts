import {
  type Arguments,
  any,
  bool,
  canBeNil,
  float64,
  type GoType,
  int,
  map,
  slice,
  string,
  uint8,
} from './go-type.ts';
import type { Complex } from './literals.ts';

/**
 * JavaScript data and the Go type it is seen through. Data without one has the type that Go's decoder of
 * JSON would give it: objects are `map[string]interface {}`, arrays `[]interface {}`, numbers `float64`,
 * strings and booleans themselves, `null` and `undefined` nil. Besides, a `bigint` is an `int`, a
 * `Uint8Array` a `[]uint8`, a `Map` a map, and a function a `func`.
 */
export class GoValue<T = unknown> {
  readonly type: GoType<T>;
  readonly data: unknown;

  constructor(type: GoType<T>, data: unknown) {
    this.type = type;
    this.data = data;
  }
}

/** A value, or `undefined` where Go's reflection has an invalid one: what a missing map key gives. */
export type Reflected = GoValue | undefined;

/** A function that templates can call. */
export type GoFunction = GoValue<(...values: never[]) => unknown>;

/** Sees data through a type. Data that is a `GoValue` already keeps its type. */
export function typed<T>(type: GoType<T>, data: unknown): GoValue {
  if (!(data instanceof GoValue) || type.kind === 'interface') return new GoValue(type, data);
  return data.type.kind === 'interface' ? typed(type, data.data) : data;
}

/**
 * A function with declared parameters. An argument arrives as what stands for the parameter's type, checked
 * as Go checks it; the result is seen through `result`. What `call` throws becomes the error `error calling NAME: MESSAGE`.
 */
export function func<const P extends readonly GoType[], R>(
  parameters: P,
  result: GoType<R>,
  call: (...values: Arguments<P>) => R,
): GoFunction {
  return functionValue(parameters, undefined, result, call);
}

/** A function that takes any number of further arguments of type `rest`. */
export function variadic<const P extends readonly GoType[], V, R>(
  parameters: P,
  rest: GoType<V>,
  result: GoType<R>,
  call: (...values: [...Arguments<P>, ...V[]]) => R,
): GoFunction {
  return functionValue(parameters, rest, result, call);
}

function functionValue(
  parameters: readonly GoType[],
  rest: GoType | undefined,
  result: GoType,
  call: unknown,
): GoFunction {
  const names = [...parameters.map((each) => each.name), ...(rest ? [`...${rest.name}`] : [])];
  const name = `func(${names.join(', ')}) ${result.name}`;
  const signature = { parameters, result, ...(rest && { rest }) };
  return new GoValue({ kind: 'func', name, underlying: name, isDefined: false, signature }, call);
}

const anySlice = slice(any);
const anyMap = map(string, any);
const bytes = slice(uint8);

/** Data as Go's `reflect.ValueOf`: a `GoValue` is itself, nil is `undefined`. */
export function toGo(data: unknown): Reflected {
  switch (typeof data) {
    case 'string':
      return new GoValue(string, data);
    case 'number':
      return new GoValue(float64, data);
    case 'boolean':
      return new GoValue(bool, data);
    case 'bigint':
      return new GoValue(int, data);
    case 'function':
      return variadic([], any, any, (...values) => data(...values.map((each) => toJs(toGo(each)))));
    case 'object':
      return data === null ? undefined : ofObject(data);
    default:
      return undefined;
  }
}

function ofObject(data: object): Reflected {
  if (data instanceof GoValue) return data.type.kind === 'interface' ? toGo(data.data) : data;
  if (Array.isArray(data)) return new GoValue(anySlice, data);
  return data instanceof Uint8Array ? new GoValue(bytes, data) : new GoValue(anyMap, data);
}

/** What stands for a value in JavaScript: data without a type as it is, primitives, otherwise the `GoValue`. */
export function toJs(value: Reflected): unknown {
  if (value === undefined) return undefined;
  if (value.type.kind === 'interface') return toJs(dig(value));
  return value.type === anySlice || value.type === anyMap ? value.data : (primitive(value) ?? value);
}

/** The primitive that stands for a value of a basic kind; `undefined` for all others. */
export function primitive(value: GoValue): boolean | string | number | bigint | Complex | undefined {
  switch (value.type.kind) {
    case 'bool':
      return value.data === true;
    case 'string':
      return stringOf(value);
    case 'float32':
    case 'float64':
      return numberOf(value);
    case 'complex128':
      return complexOf(value);
    case 'slice':
    case 'map':
    case 'struct':
    case 'pointer':
    case 'interface':
    case 'func':
    case 'value':
      return undefined;
    default:
      return integerOf(value);
  }
}

/** What an interface holds; any other value as it is. */
export function dig(value: Reflected): Reflected {
  return value?.type.kind === 'interface' ? toGo(value.data) : value;
}

/** Whether the value is nil; values of kinds that have no nil are not. */
export function isNil(value: Reflected): boolean {
  if (value === undefined) return true;
  if (value.type.kind === 'interface') return dig(value) === undefined;
  return canBeNil(value.type.kind) && (value.data === undefined || value.data === null);
}

/** Follows interfaces and pointers to the value at their end, or to the one that is nil. */
export function indirect(value: Reflected): { readonly value: Reflected; readonly isNil: boolean } {
  let current = value;
  while (current?.type.kind === 'pointer' || current?.type.kind === 'interface') {
    if (isNil(current)) return { value: current, isNil: true };
    current = current.type.kind === 'pointer' ? pointee(current) : dig(current);
  }
  return { value: current, isNil: false };
}

/** What a pointer points to; `undefined` for nil. */
export function pointee(value: GoValue): Reflected {
  return isNil(value) ? undefined : typed(value.type.element ?? any, value.data);
}

/** The text of a value of kind `string`. */
export function stringOf(value: GoValue): string {
  return typeof value.data === 'string' ? value.data : '';
}

/** The number of a value of kind `float32` or `float64`. */
export function numberOf(value: GoValue): number {
  const number = typeof value.data === 'number' ? value.data : 0;
  return value.type.kind === 'float32' ? Math.fround(number) : number;
}

/** The number of a value of an integer kind; a `number` only where that is exact. */
export function integerOf(value: GoValue): number | bigint {
  if (typeof value.data === 'bigint') return value.data;
  return typeof value.data === 'number' && Number.isInteger(value.data) ? value.data : 0;
}

export function complexOf(value: GoValue): Complex {
  const { real = 0, imaginary = 0 } = (value.data ?? {}) as Partial<Complex>;
  return { real, imaginary };
}
