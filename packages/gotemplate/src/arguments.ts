import { sliceElements } from './containers.ts';
import {
  any,
  bool,
  canBeNil,
  complex128,
  float64,
  type GoType,
  int,
  isAssignable,
  isFloat,
  isInt,
  isUint,
  string,
} from './go-type.ts';
import { dig, GoValue, isNil, pointee, primitive, type Reflected, typed } from './go-value.ts';
import type { NumberValue } from './literals.ts';
import { nodeText, type Operand } from './nodes.ts';

/** Ends the execution with an error at the current node. */
export type Fail = (message: string) => never;

/** A value as an argument of a type, or an error: Go dereferences one pointer or interface if it must. */
export function checkArgument(value: Reflected, type: GoType, fail: Fail): Reflected {
  if (type.kind === 'value') return value;
  if (value === undefined)
    return canBeNil(type.kind) ? typed(type, undefined) : fail(`invalid value; expected ${type.name}`);
  if (isAssignable(value.type, type)) return value;
  const inner = value.type.kind === 'interface' && !isNil(value) ? dig(value) : value;
  if (inner === undefined || isAssignable(inner.type, type)) return inner;
  const { element } = inner.type;
  if (inner.type.kind === 'pointer' && element !== undefined && isAssignable(element, type))
    return pointee(inner) ?? fail(`dereference of nil pointer of type ${type.name}`);
  return fail(`wrong type for value; expected ${type.name}; got ${inner.type.name}`);
}

/** A constant as an argument of a type: a number takes the type it is wanted in. */
export function constantArgument(operand: Operand, type: GoType, fail: Fail): Reflected {
  if (operand.kind === 'nil') return nilArgument(type, fail);
  if (type.kind === 'interface' || type.kind === 'value') return constantValue(operand, fail);
  const wanted = wantedConstant(type);
  if (wanted === undefined) return fail(`can't handle ${nodeText(operand)} for arg of type ${type.name}`);
  const data = wanted.read(operand);
  return data === undefined
    ? fail(`expected ${wanted.name}; found ${nodeText(operand)}`)
    : new GoValue(type, data);
}

function nilArgument(type: GoType, fail: Fail): Reflected {
  if (type.kind === 'value') return undefined;
  return canBeNil(type.kind) ? typed(type, undefined) : fail(`cannot assign nil to ${type.name}`);
}

interface WantedConstant {
  /** As error messages call it. */
  readonly name: string;
  /** The operand's value as such a constant, or `undefined` when it is none. */
  readonly read: (operand: Operand) => unknown;
}

function wantedConstant({ kind }: GoType): WantedConstant | undefined {
  if (kind === 'bool' || kind === 'string')
    return { name: kind, read: (operand) => (operand.kind === kind ? operand.value : undefined) };
  if (isInt(kind)) return wantedNumber('integer', 'int');
  if (isUint(kind)) return wantedNumber('unsigned integer', 'uint');
  if (isFloat(kind)) return wantedNumber('float', 'float');
  return kind === 'complex128' ? wantedNumber('complex', 'complex') : undefined;
}

function wantedNumber(name: string, form: 'int' | 'uint' | 'float' | 'complex'): WantedConstant {
  return { name, read: (operand) => (operand.kind === 'number' ? operand.number[form] : undefined) };
}

/** A constant where nothing says which type it should have: its looks decide. */
export function constantValue(operand: Operand, fail: Fail): Reflected {
  switch (operand.kind) {
    case 'bool':
      return new GoValue(bool, operand.value);
    case 'string':
      return new GoValue(string, operand.value);
    case 'number':
      return numberConstant(operand.number, fail);
    default:
      return fail(`can't handle assignment of ${nodeText(operand)} to empty interface argument`);
  }
}

function numberConstant({ text, int: integer, float, complex }: NumberValue, fail: Fail): Reflected {
  if (complex !== undefined) return new GoValue(complex128, complex);
  const isHexadecimal = /^0[xX]/.test(text) && !/[pP]/.test(text);
  const looksLikeFloat = !isHexadecimal && !text.startsWith("'") && /[.eEpP]/.test(text);
  if (float !== undefined && looksLikeFloat) return new GoValue(float64, float);
  if (integer === undefined) return fail(`${text} overflows int`);
  return new GoValue(int, integer);
}

/** What a function gets for an argument of a type. */
export function toArgument(value: Reflected, type: GoType): unknown {
  if (type.kind === 'value') return value;
  if (type.kind === 'interface' || value === undefined) return dig(value);
  if (type.kind === 'slice')
    return [...sliceElements(value)].map((item) => toArgument(item, type.element ?? any));
  return primitive(value) ?? value.data;
}

/** What a function gave back, through the type of its result. */
export function fromResult(data: unknown, type: GoType): Reflected {
  return type.kind === 'value' ? (data as Reflected) : typed(type, data);
}
