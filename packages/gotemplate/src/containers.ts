import { any, type GoType, isInt, isUint, type StructField, string } from './go-type.ts';
import {
  GoValue,
  integerOf,
  isNil,
  numberOf,
  pointee,
  primitive,
  type Reflected,
  stringOf,
  typed,
} from './go-value.ts';
import { compareStrings } from './utf8.ts';

/** The elements of a slice as data. */
function itemsOf(value: GoValue): ArrayLike<unknown> {
  return Array.isArray(value.data) || value.data instanceof Uint8Array ? value.data : [];
}

export function sliceLength(value: GoValue): number {
  return itemsOf(value).length;
}

/** An element of a slice; `index` lies inside it. */
export function sliceElement(value: GoValue, index: number): GoValue {
  return typed(value.type.element ?? any, itemsOf(value)[index]);
}

/** The part `[start, end)` of a slice. */
export function subslice(value: GoValue, start: number, end: number): GoValue {
  return new GoValue(value.type, Array.prototype.slice.call(itemsOf(value), start, end));
}

export function* sliceElements(value: GoValue): Generator<GoValue> {
  const length = sliceLength(value);
  for (let i = 0; i < length; i++) yield sliceElement(value, i);
}

/** The bytes of a `[]uint8`. */
export function bytesOf(value: GoValue): Uint8Array {
  return Uint8Array.from(itemsOf(value) as ArrayLike<number>);
}

/** The entries of a map as data, keys not yet of their type. */
function rawEntries({ data }: GoValue): [unknown, unknown][] {
  if (data instanceof Map) return [...data];
  return typeof data === 'object' && data !== null ? Object.entries(data) : [];
}

export function mapLength(value: GoValue): number {
  return value.data instanceof Map ? value.data.size : rawEntries(value).length;
}

/** The element under a key of the map's key type; `undefined` when there is none. */
export function mapElement(value: GoValue, key: GoValue): Reflected {
  const element = value.type.element ?? any;
  const { data } = value;
  const property = String(primitive(key));
  if (data instanceof Map) {
    // As text, because an integer key may be a number here and a bigint there.
    const found = [...data].find(([each]) => String(primitive(keyOf(value.type, each))) === property);
    return found && typed(element, found[1]);
  }
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, property)) return undefined;
  return typed(element, (data as Record<string, unknown>)[property]);
}

/** The entries of a map in the order Go prints them: by key. */
export function mapEntries(value: GoValue): (readonly [GoValue, GoValue])[] {
  const element = value.type.element ?? any;
  return rawEntries(value)
    .map(([key, each]) => [keyOf(value.type, key), typed(element, each)] as const)
    .sort(([a], [b]) => compareKeys(a, b));
}

/** A key of its type; in an object all keys are strings. */
function keyOf(type: GoType, key: unknown): GoValue {
  const keyType = type.key ?? string;
  if (typeof key !== 'string') return typed(keyType, key);
  if ((isInt(keyType.kind) || isUint(keyType.kind)) && /^-?[0-9]+$/.test(key))
    return typed(keyType, BigInt(key));
  if (keyType.kind === 'bool') return typed(keyType, key === 'true');
  return typed(keyType, keyType.kind === 'float64' ? Number(key) : key);
}

function compareKeys(a: GoValue, b: GoValue): number {
  if (a.type.kind === 'string' && b.type.kind === 'string') return compareStrings(stringOf(a), stringOf(b));
  const left = a.type.kind === 'float64' ? numberOf(a) : integerOf(a);
  const right = b.type.kind === 'float64' ? numberOf(b) : integerOf(b);
  if (a.type.kind === 'bool') return Number(a.data === true) - Number(b.data === true);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A struct's field found by name, with the embedded structs on the way to it. */
export interface FoundField {
  readonly field: StructField;
  readonly path: readonly StructField[];
}

/** Finds a field by name, those of embedded structs included: the least deep one, as Go. */
export function findField(type: GoType, name: string): FoundField | undefined {
  let level: { readonly type: GoType; readonly path: readonly StructField[] }[] = [{ type, path: [] }];
  while (level.length > 0) {
    for (const { type: each, path } of level) {
      const field = each.fields?.find((candidate) => candidate.name === name);
      if (field !== undefined) return { field, path };
    }
    level = level.flatMap(({ type: each, path }) =>
      (each.fields ?? [])
        .filter((candidate) => candidate.isEmbedded)
        .map((candidate) => ({ type: structOf(candidate.type), path: [...path, candidate] })),
    );
  }
  return undefined;
}

const structOf = (type: GoType) => (type.kind === 'pointer' ? (type.element ?? type) : type);

/**
 * The value of one of the struct's own fields. An embedded struct shares the data of the outer one, unless that
 * has a property for it.
 */
export function fieldValue({ data }: GoValue, field: StructField): GoValue {
  const has = typeof data === 'object' && data !== null && Object.hasOwn(data, field.key);
  if (field.isEmbedded && !has) return typed(field.type, data);
  return typed(field.type, has ? (data as Record<string, unknown>)[field.key] : undefined);
}

/** The value of a field that `findField` found; `undefined` when an embedded pointer on the way is nil. */
export function foundFieldValue(value: GoValue, { field, path }: FoundField): Reflected {
  let current: Reflected = value;
  for (const step of path) {
    current = current && fieldValue(current, step);
    if (current?.type.kind === 'pointer') current = isNil(current) ? undefined : pointee(current);
  }
  return current && fieldValue(current, field);
}

export const isExported = (field: StructField) => /^\p{Lu}/u.test(field.name);
