import { ApiError } from '../api-error.ts';
import { goKind, type JsonObject } from './json-body.ts';

/**
 * The members of a JSON object, read as Go's decoder does: `null` is the zero value, unknown members are passed over,
 * and another type than is asked for is Docker's 400.
 */
export class Fields {
  readonly #object: JsonObject;
  readonly #where: string;

  constructor(object: JsonObject, where = '') {
    this.#object = object;
    this.#where = where;
  }

  /** Tells whether there is a value, `null` aside. */
  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  text(name: string): string {
    return this.#read(name, 'string', (value) => (typeof value === 'string' ? value : undefined)) ?? '';
  }

  flag(name: string): boolean {
    return this.#read(name, 'bool', (value) => (typeof value === 'boolean' ? value : undefined)) ?? false;
  }

  /** A whole number; 0 without one. */
  number(name: string): number {
    const read = (value: unknown) => (Number.isSafeInteger(value) ? (value as number) : undefined);
    return this.#read(name, 'int64', read) ?? 0;
  }

  texts(name: string): readonly string[] {
    const isText = (value: unknown) => typeof value === 'string';
    const read = (value: unknown) =>
      Array.isArray(value) && value.every(isText) ? (value as string[]) : undefined;
    return this.#read(name, '[]string', read) ?? [];
  }

  numbers(name: string): readonly number[] {
    const read = (value: unknown) =>
      Array.isArray(value) && value.every(Number.isSafeInteger) ? (value as number[]) : undefined;
    return this.#read(name, '[]int', read) ?? [];
  }

  /** One text, or several. `undefined`: nothing is said. */
  words(name: string): readonly string[] | undefined {
    if (!this.has(name)) return undefined;
    return typeof this.#value(name) === 'string' ? [this.text(name)] : this.texts(name);
  }

  object(name: string): Fields {
    return new Fields(this.#read(name, 'object', asObject) ?? {}, this.#path(name));
  }

  objects(name: string): readonly Fields[] {
    const read = (value: unknown) => (Array.isArray(value) ? value.map(asObject) : undefined);
    const values = this.#read(name, '[]object', read) ?? [];
    return values.map((value) => new Fields(value ?? this.#refuse(name, '[]object'), this.#path(name)));
  }

  /** The names of a map's members, whatever they hold. */
  keys(name: string): readonly string[] {
    return Object.keys(this.#read(name, 'map[string]struct {}', asObject) ?? {});
  }

  /** A map of texts. */
  map(name: string): Readonly<Record<string, string>> {
    const map = this.#read(name, 'map[string]string', asObject) ?? {};
    if (Object.values(map).some((value) => typeof value !== 'string'))
      this.#refuse(name, 'map[string]string');
    return map as Readonly<Record<string, string>>;
  }

  #value(name: string): unknown {
    const value = Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
    return value === null ? undefined : value;
  }

  #read<T>(name: string, type: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const result = read(value);
    return result === undefined ? this.#refuse(name, type) : result;
  }

  #refuse(name: string, type: string): never {
    const kind = goKind(this.#value(name));
    const field = this.#path(name);
    throw new ApiError(400, `json: cannot unmarshal ${kind} into Go struct field ${field} of type ${type}`);
  }

  #path(name: string): string {
    return this.#where === '' ? name : `${this.#where}.${name}`;
  }
}

function asObject(value: unknown): JsonObject | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : undefined;
}

/** `{ [name]: values }`, or nothing where there are none: core takes what is absent for Docker's default. */
export function someOf<N extends string, T>(
  name: N,
  values: readonly T[],
): { readonly [K in N]?: readonly T[] } {
  return (values.length > 0 ? { [name]: values } : {}) as { readonly [K in N]?: readonly T[] };
}

/** `{ [name]: value }`, unless the value is Go's zero value, which says nothing. */
export function ifSet<N extends string, T>(name: N, value: T): { readonly [K in N]?: T } {
  const isZero = value === '' || value === 0 || value === false;
  return (isZero ? {} : { [name]: value }) as { readonly [K in N]?: T };
}
