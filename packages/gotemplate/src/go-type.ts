/**
 * Descriptions of Go types. JavaScript data is seen through one: the same object is a map to a template
 * when it is plain, and a struct, with its field names, kinds and methods, when it is `typed` as one.
 */

export type IntKind = 'int' | 'int8' | 'int16' | 'int32' | 'int64';
export type UintKind = 'uint' | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'uintptr';

export type Kind =
  | 'bool'
  | IntKind
  | UintKind
  | 'float32'
  | 'float64'
  | 'complex128'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'pointer'
  | 'interface'
  | 'func'
  | 'value';

/**
 * A Go type. `T` is what stands for its values in JavaScript, as arguments and results of functions:
 * `boolean`, `string`, `number` (floats; integers also `bigint`), arrays, objects. Data of another shape than
 * its type's counts as the type's zero value, and so does what is missing.
 */
export interface GoType<T = unknown> {
  readonly kind: Kind;
  /** As `%T` and error messages print it: `[]string`, `*image.Summary`. */
  readonly name: string;
  /** The type without its own name; the same as `name` where it has none. */
  readonly underlying: string;
  /** Whether the type has a name of its own, as `string` has and `[]string` has not. */
  readonly isDefined: boolean;
  /** Of slices, maps and pointers. */
  readonly element?: GoType;
  /** Of maps. */
  readonly key?: GoType;
  /** Of structs, in order. */
  readonly fields?: readonly StructField[];
  /** Methods of the type and of pointers to it, by name. */
  readonly methods?: ReadonlyMap<string, Method>;
  /** Of functions. */
  readonly signature?: Signature;
  /** Go's `MarshalJSON`: gets the data behind the value, gives its JSON, which stays as it is. */
  readonly marshalJson?: (data: never) => string;
  /** Only in the type: ties `T` to the descriptor. */
  readonly standsFor?: T;
}

export interface StructField {
  readonly name: string;
  readonly type: GoType;
  /** The property of the data, and the name in JSON. */
  readonly key: string;
  /** Left out of JSON when empty. */
  readonly omitEmpty: boolean;
  /** Left out of JSON always, as by the tag `json:"-"`. */
  readonly isHidden: boolean;
  /** A Go embedded struct: its fields count as those of the outer one. */
  readonly isEmbedded: boolean;
}

export interface Signature {
  readonly parameters: readonly GoType[];
  /** The type of each further argument of a variadic function. */
  readonly rest?: GoType;
  readonly result: GoType;
}

export interface Method extends Signature {
  /** Called with the data behind the receiver, then the arguments. */
  readonly call: (self: never, ...values: never[]) => unknown;
}

function basic<T>(kind: Kind): GoType<T> {
  return { kind, name: kind, underlying: kind, isDefined: true };
}

export const bool: GoType<boolean> = basic('bool');
export const string: GoType<string> = basic('string');
export const int: GoType<number | bigint> = basic('int');
export const int8: GoType<number | bigint> = basic('int8');
export const int16: GoType<number | bigint> = basic('int16');
export const int32: GoType<number | bigint> = basic('int32');
export const int64: GoType<number | bigint> = basic('int64');
export const uint: GoType<number | bigint> = basic('uint');
export const uint8: GoType<number | bigint> = basic('uint8');
export const uint16: GoType<number | bigint> = basic('uint16');
export const uint32: GoType<number | bigint> = basic('uint32');
export const uint64: GoType<number | bigint> = basic('uint64');
export const uintptr: GoType<number | bigint> = basic('uintptr');
export const float32: GoType<number> = basic('float32');
export const float64: GoType<number> = basic('float64');
export const complex128: GoType<{ real: number; imaginary: number }> = basic('complex128');

/**
 * `interface {}`, holding any value. As a parameter a function gets a `GoValue`, or `undefined` for nil; as a
 * result or an element it takes any data: see `GoValue` for what that is to Go.
 */
export const any: GoType = {
  kind: 'interface',
  name: 'interface {}',
  underlying: 'interface {}',
  isDefined: false,
};

/** Go's `reflect.Value`: a parameter of this type gets what the template has, interfaces and absence included. */
export const reflectValue: GoType = basic('value');

/** `[]element`; its data is an array, that of `slice(uint8)` may be a `Uint8Array`. */
export function slice<T>(element: GoType<T>): GoType<readonly T[]> {
  const name = `[]${element.name}`;
  return { kind: 'slice', name, underlying: name, isDefined: false, element };
}

/** `map[key]element`; its data is an object or a `Map`. */
export function map<T>(key: GoType, element: GoType<T>): GoType<Readonly<Record<string, T>>> {
  const name = `map[${key.name}]${element.name}`;
  return { kind: 'map', name, underlying: name, isDefined: false, key, element };
}

/** `*element`; its data is that of the element, or `null` for nil. */
export function pointer<T>(element: GoType<T>): GoType<T | null | undefined> {
  const name = `*${element.name}`;
  return { kind: 'pointer', name, underlying: name, isDefined: false, element };
}

/** What a method is made from: a function of the data alone, or one with declared types from `method`. */
export type MethodLike = ((self: never) => unknown) | Method;

export interface TypeOptions {
  readonly methods?: Readonly<Record<string, MethodLike>>;
  /** Go's `MarshalJSON`: gets the data behind a value, gives its JSON, which stays as it is. */
  readonly marshalJson?: (data: never) => string;
}

/**
 * A type with a name of its own, such as `strslice.StrSlice` for `slice(string)`. With a method `String` or
 * `Error`, it prints as that method says.
 */
export function named<T>(name: string, type: GoType<T>, options: TypeOptions = {}): GoType<T> {
  return { ...type, name, isDefined: true, ...typeOptions(options) };
}

/** A field with more than a type. */
export interface FieldOptions {
  /** The property of the data and name in JSON, if not the field's; `false`: not in JSON. */
  readonly json?: string | false;
  readonly omitEmpty?: boolean;
  /**
   * An embedded struct or pointer to one, under the name of its type. It is seen through the outer struct's data,
   * as in JSON, unless that has a property of its name. Its methods are listed with the outer struct's.
   */
  readonly embedded?: boolean;
}

export interface FieldWithOptions extends FieldOptions {
  readonly type: GoType;
}

/** Describes a struct's field that is more than its name and type. */
export function field(type: GoType, options: FieldOptions = {}): FieldWithOptions {
  return { type, ...options };
}

/**
 * A struct. `name` is how Go prints the type (`container.State`; `struct {}`); fields keep their order. A
 * name in lower case is an unexported field, which templates cannot read. Methods are found on the struct and on
 * pointers to it.
 */
export function struct(
  name: string,
  fields: Readonly<Record<string, GoType | FieldWithOptions>>,
  options: TypeOptions = {},
): GoType<object> {
  const list = Object.entries(fields).map(([fieldName, described]) => structField(fieldName, described));
  return {
    kind: 'struct',
    name,
    underlying: name,
    isDefined: !name.startsWith('struct '),
    fields: list,
    ...typeOptions(options),
  };
}

function structField(name: string, described: GoType | FieldWithOptions): StructField {
  const { type, ...options } = 'kind' in described ? { type: described } : described;
  const { json, omitEmpty = false, embedded = false }: FieldOptions = options;
  const key = typeof json === 'string' ? json : name;
  return { name, type, key, omitEmpty, isHidden: json === false, isEmbedded: embedded };
}

function typeOptions({ methods, marshalJson }: TypeOptions): Pick<GoType, 'methods' | 'marshalJson'> {
  return {
    ...(methods && {
      methods: new Map(Object.entries(methods).map(([name, each]) => [name, toMethod(each)])),
    }),
    ...(marshalJson && { marshalJson }),
  };
}

function toMethod(like: MethodLike): Method {
  return typeof like === 'function' ? { parameters: [], result: dynamicResult, call: like } : like;
}

/** The result of a method without declared types is of the type that its data has by itself. */
export const dynamicResult: GoType = { ...any, name: 'dynamic', underlying: 'dynamic' };

/** What stands for the values of some types, in order. */
export type Arguments<P extends readonly GoType[]> = {
  [K in keyof P]: P[K] extends GoType<infer T> ? T : never;
};

/** A method with parameters or a declared result; `call` gets the data behind the receiver first. */
export function method<const P extends readonly GoType[], R, Self = never>(
  parameters: P,
  result: GoType<R>,
  call: (self: Self, ...values: Arguments<P>) => R,
): Method {
  return { parameters, result, call: call as Method['call'] };
}

/** Whether a value of type `from` can be used as one of type `to`. The Go specification, "Assignability". */
export function isAssignable(from: GoType, to: GoType): boolean {
  if (to.kind === 'interface') return true;
  if (from.name === to.name) return true;
  return from.underlying === to.underlying && !(from.isDefined && to.isDefined);
}

const INTS: ReadonlySet<Kind> = new Set<Kind>(['int', 'int8', 'int16', 'int32', 'int64']);
const UINTS: ReadonlySet<Kind> = new Set<Kind>(['uint', 'uint8', 'uint16', 'uint32', 'uint64', 'uintptr']);

export const isInt = (kind: Kind) => INTS.has(kind);
export const isUint = (kind: Kind) => UINTS.has(kind);
export const isFloat = (kind: Kind) => kind === 'float32' || kind === 'float64';
export const canBeNil = (kind: Kind) =>
  kind === 'func' || kind === 'interface' || kind === 'map' || kind === 'pointer' || kind === 'slice';
