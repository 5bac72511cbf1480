import { fieldValue } from './containers.ts';
import { sprintf } from './fmt/printf.ts';
import { type GoType, isFloat, isInt, isUint, type Kind } from './go-type.ts';
import {
  complexOf,
  dig,
  type GoValue,
  integerOf,
  isNil,
  numberOf,
  type Reflected,
  stringOf,
} from './go-value.ts';
import { compareStrings } from './utf8.ts';

type BasicKind = 'bool' | 'complex' | 'int' | 'float' | 'string' | 'uint';

const BAD_TYPE = 'invalid type for comparison';

function basicKind(value: Reflected): BasicKind | undefined {
  const kind: Kind = value?.type.kind ?? 'value';
  if (kind === 'bool' || kind === 'string') return kind;
  if (kind === 'complex128') return 'complex';
  if (isInt(kind)) return 'int';
  if (isUint(kind)) return 'uint';
  return isFloat(kind) ? 'float' : undefined;
}

const isInteger = (kind: BasicKind | undefined) => kind === 'int' || kind === 'uint';

/** `eq`: whether the first value equals one of the others. Throws where Go has no such comparison. */
export function equalsAny(first: Reflected, others: readonly Reflected[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  const left = dig(first);
  return others.some((other) => equals(left, dig(other)));
}

function equals(left: Reflected, right: Reflected): boolean {
  const kind = basicKind(left);
  if (kind !== basicKind(right)) {
    // Integers compare whatever their sign; nil compares with everything.
    if (left === undefined || right === undefined) return false;
    if (isInteger(kind) && isInteger(basicKind(right))) return sameIntegers(left, right);
    throw incompatible(left, right);
  }
  return left === undefined || right === undefined || kind === undefined
    ? equalsByReference(left, right)
    : equalBasics(kind, left, right);
}

function sameIntegers(left: GoValue, right: GoValue): boolean {
  return BigInt(integerOf(left)) === BigInt(integerOf(right));
}

function equalBasics(kind: BasicKind, left: GoValue, right: GoValue): boolean {
  switch (kind) {
    case 'bool':
      return (left.data === true) === (right.data === true);
    case 'string':
      return stringOf(left) === stringOf(right);
    case 'float':
      return numberOf(left) === numberOf(right);
    case 'complex': {
      const [a, b] = [complexOf(left), complexOf(right)];
      return a.real === b.real && a.imaginary === b.imaginary;
    }
    default:
      return sameIntegers(left, right);
  }
}

function equalsByReference(left: Reflected, right: Reflected): boolean {
  if (left !== undefined && right !== undefined && left.type.kind !== right.type.kind)
    throw new Error(
      sprintf(`non-comparable types %s: ${left.type.name}, ${right.type.name}: %v`, [left, right]),
    );
  if (isNil(left) || isNil(right)) return isNil(left) === isNil(right);
  if (left === undefined || right === undefined) return false;
  if (!isComparable(right.type))
    throw new Error(sprintf(`non-comparable type %s: ${right.type.name}`, [right]));
  if (left.type.name !== right.type.name) return false;
  return left.type.kind === 'struct' ? equalStructs(left, right) : left.data === right.data;
}

function isComparable(type: GoType): boolean {
  if (type.kind === 'slice' || type.kind === 'map' || type.kind === 'func') return false;
  return type.kind !== 'struct' || (type.fields ?? []).every((field) => isComparable(field.type));
}

function equalStructs(left: GoValue, right: GoValue): boolean {
  return (left.type.fields ?? []).every((field) =>
    equals(dig(fieldValue(left, field)), dig(fieldValue(right, field))),
  );
}

function incompatible(left: GoValue, right: GoValue): Error {
  return new Error(`incompatible types for comparison: ${left.type.name} and ${right.type.name}`);
}

/** `lt`. Throws where Go does not order the values. */
export function isLess(first: Reflected, second: Reflected): boolean {
  const left = dig(first);
  const right = dig(second);
  const kind = basicKind(left);
  const other = basicKind(right);
  if (left === undefined || right === undefined || kind === undefined || other === undefined)
    throw new Error(BAD_TYPE);
  if (isInteger(kind) && isInteger(other)) return integerOf(left) < integerOf(right);
  if (kind !== other) throw incompatible(left, right);
  if (kind === 'string') return compareStrings(stringOf(left), stringOf(right)) < 0;
  if (kind === 'float') return numberOf(left) < numberOf(right);
  throw new Error(BAD_TYPE);
}

/** `le`, which Go makes of `lt` and `eq`. */
export function isLessOrEqual(first: Reflected, second: Reflected): boolean {
  return isLess(first, second) || equalsAny(first, [second]);
}
