import type { Fail } from './arguments.ts';
import { findField, foundFieldValue, isExported, mapElement } from './containers.ts';
import { any, isAssignable, type Method, string } from './go-type.ts';
import { type GoValue, indirect, type Reflected, typed } from './go-value.ts';
import { quote } from './quote.ts';

/**
 * What becomes of `.Name` where a map has no such key: `default`, nothing, printed `<no value>`; `zero`, the zero
 * of the map's elements; `error`, an error.
 */
export type MissingKey = 'default' | 'zero' | 'error';

interface LookUpOptions {
  readonly hasArguments: boolean;
  readonly missingKey: MissingKey;
  readonly fail: Fail;
}

type Found = { readonly value: Reflected } | { readonly method: Method; readonly self: unknown };

/** Finds what `.Name` means on a value: a method, a struct's field or a map's element. */
export function lookUp(receiver: Reflected, name: string, options: LookUpOptions): Found {
  const { missingKey, fail, hasArguments } = options;
  if (receiver === undefined) {
    if (missingKey === 'error') fail(`nil data; no entry for key ${quote(name)}`);
    return { value: undefined };
  }
  const { value, isNil } = indirect(receiver);
  if (value === undefined || (value.type.kind === 'interface' && isNil))
    return fail(`nil pointer evaluating ${receiver.type.name}.${name}`);
  const target = value.type.kind === 'pointer' ? value.type.element : value.type;
  const method = (target?.methods ?? value.type.methods)?.get(name);
  if (method !== undefined) return { method, self: value.data };
  if (value.type.kind === 'struct') return { value: structField(value, receiver, name, options) };
  if (value.type.kind === 'map' && isAssignable(string, value.type.key ?? any)) {
    if (hasArguments) fail(`${name} is not a method but has arguments`);
    return { value: mapElement(value, typed(string, name)) ?? missing(value, name, options) };
  }
  const isMissingField = target?.kind === 'struct' && findField(target, name) === undefined;
  if (isNil && !isMissingField) fail(`nil pointer evaluating ${receiver.type.name}.${name}`);
  return fail(`can't evaluate field ${name} in type ${receiver.type.name}`);
}

function structField(
  value: GoValue,
  receiver: GoValue,
  name: string,
  { hasArguments, fail }: LookUpOptions,
): Reflected {
  const found = findField(value.type, name);
  if (found === undefined) return fail(`can't evaluate field ${name} in type ${receiver.type.name}`);
  if (!isExported(found.field)) fail(`${name} is an unexported field of struct type ${receiver.type.name}`);
  const through = found.path.at(-1)?.name ?? '';
  const result =
    foundFieldValue(value, found) ??
    fail(`reflect: indirection through nil pointer to embedded struct field ${through}`);
  if (hasArguments) fail(`${name} has arguments but cannot be invoked as function`);
  return result;
}

function missing({ type }: GoValue, name: string, { missingKey, fail }: LookUpOptions): Reflected {
  if (missingKey === 'error') fail(`map has no entry for key ${quote(name)}`);
  return missingKey === 'zero' ? typed(type.element ?? any, undefined) : undefined;
}
