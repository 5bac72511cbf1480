import { mapElement, mapLength, sliceElement, sliceLength, subslice } from './containers.ts';
import { canBeNil, type GoType, isAssignable, isInt, isUint, uint8 } from './go-type.ts';
import { dig, GoValue, indirect, integerOf, type Reflected, stringOf, typed } from './go-value.ts';
import { byteLength, encodeUtf8, sliceBytes } from './utf8.ts';

/** `index x 1 2`: `x[1][2]`. Throws with Go's message. */
export function index(first: Reflected, ...keys: readonly Reflected[]): Reflected {
  let item = dig(first);
  if (item === undefined) throw new Error('index of untyped nil');
  for (const key of keys) {
    const target = indirect(item);
    if (target.isNil || target.value === undefined) throw new Error('index of nil pointer');
    item = element(target.value, dig(key));
  }
  return item;
}

function element(container: GoValue, key: Reflected): Reflected {
  const { type } = container;
  switch (type.kind) {
    case 'string': {
      const bytes = encodeUtf8(stringOf(container));
      const at = position(key, bytes.length);
      return new GoValue(uint8, bytes[inBounds(at, bytes.length)]);
    }
    case 'slice': {
      const length = sliceLength(container);
      return sliceElement(container, inBounds(position(key, length), length));
    }
    case 'map': {
      const { key: keyType, element: elementType } = type;
      if (keyType === undefined || elementType === undefined) throw new Error('index of untyped map');
      return mapElement(container, prepareArgument(key, keyType)) ?? typed(elementType, undefined);
    }
    default:
      throw new Error(`can't index item of type ${type.name}`);
  }
}

/** `index` lets the length itself pass as an index; then Go's reflection panics, with this text. */
function inBounds(at: number, length: number): number {
  if (at === length) throw new Error('reflect: slice index out of range');
  return at;
}

/** An index as a number from 0 to `limit`. */
function position(key: Reflected, limit: number): number {
  if (key === undefined) throw new Error('cannot index slice/array with nil');
  if (!isInt(key.type.kind) && !isUint(key.type.kind))
    throw new Error(`cannot index slice/array with type ${key.type.name}`);
  const at = integerOf(key);
  if (at < 0 || at > limit) throw new Error(`index out of range: ${at}`);
  return Number(at);
}

/** A value as an argument of a type, when it can be: integers convert into each other. */
export function prepareArgument(value: Reflected, type: GoType): GoValue {
  if (value === undefined) {
    if (!canBeNil(type.kind)) throw new Error(`value is nil; should be of type ${type.name}`);
    return new GoValue(type, undefined);
  }
  if (isAssignable(value.type, type)) return value;
  const isInteger = (each: GoType) => isInt(each.kind) || isUint(each.kind);
  if (isInteger(value.type) && isInteger(type)) return new GoValue(type, value.data);
  throw new Error(`value has type ${value.type.name}; should be ${type.name}`);
}

/** `slice x 1 2`: `x[1:2]`, of a string or slice. Throws with Go's message. */
export function slice(first: Reflected, ...keys: readonly Reflected[]): Reflected {
  const dug = dig(first);
  if (dug === undefined) throw new Error('slice of untyped nil');
  const { value: item, isNil } = indirect(dug);
  if (isNil || item === undefined) throw new Error('slice of nil pointer');
  if (keys.length > 3) throw new Error(`too many slice indexes: ${keys.length}`);
  const isString = item.type.kind === 'string';
  if (isString && keys.length === 3) throw new Error('cannot 3-index slice a string');
  if (!isString && item.type.kind !== 'slice') throw new Error(`can't slice item of type ${item.type.name}`);
  const length = isString ? byteLength(stringOf(item)) : sliceLength(item);
  // Unlike `index`, Go's `slice` does not look into interfaces for its bounds.
  const [start = 0, end = length, capacity = length] = keys.map((key) => position(key, length));
  if (start > end) throw new Error(`invalid slice index: ${start} > ${end}`);
  if (end > capacity) throw new Error(`invalid slice index: ${end} > ${capacity}`);
  return isString ? typed(item.type, sliceBytes(stringOf(item), start, end)) : subslice(item, start, end);
}

/** `len`, of strings (in bytes), slices and maps. Throws with Go's message. */
export function lengthOf(first: Reflected): number {
  const { value, isNil } = indirect(first);
  if (isNil) throw new Error('len of nil pointer');
  switch (value?.type.kind) {
    case 'string':
      return byteLength(stringOf(value));
    case 'slice':
      return sliceLength(value);
    case 'map':
      return mapLength(value);
    case undefined:
      throw new Error('reflect: call of reflect.Value.Type on zero Value');
    default:
      throw new Error(`len of type ${value?.type.name}`);
  }
}
