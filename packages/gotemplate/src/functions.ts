import { equalsAny, isLess, isLessOrEqual } from './compare.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts';
import { sprint, sprintf, sprintln } from './fmt/printf.ts';
import { any, bool, int, reflectValue, string } from './go-type.ts';
import { func, type GoFunction, indirect, type Reflected, stringOf, toGo, variadic } from './go-value.ts';
import { index, lengthOf, slice } from './indexing.ts';
import { isTrue } from './truth.ts';

/** Functions by the name under which templates call them. */
export type Functions = Readonly<Record<string, GoFunction>>;

type Rest = readonly unknown[];
const reflected = (value: unknown) => value as Reflected;
const all = (values: Rest) => values as readonly Reflected[];

/** The text that `html`, `js` and `urlquery` escape: what printing the values one after another would print. */
function textOf(values: Rest): string {
  const [first] = all(values);
  if (values.length === 1 && first?.type.name === 'string') return stringOf(first);
  return sprint(all(values).map(printable));
}

/** A value as templates print it: what pointers point to; `<no value>` where there is none. */
export function printable(value: Reflected): Reflected {
  const target = value?.type.kind === 'pointer' ? indirect(value).value : value;
  return target ?? toGo('<no value>');
}

/** The functions that every template has, but `and`, `or` and `call`, which the evaluator knows itself. */
export const builtinFunctions: Functions = {
  eq: variadic([reflectValue], reflectValue, bool, (first, ...others) =>
    equalsAny(reflected(first), all(others)),
  ),
  ne: func([reflectValue, reflectValue], bool, (a, b) => !equalsAny(reflected(a), [reflected(b)])),
  lt: func([reflectValue, reflectValue], bool, (a, b) => isLess(reflected(a), reflected(b))),
  le: func([reflectValue, reflectValue], bool, (a, b) => isLessOrEqual(reflected(a), reflected(b))),
  gt: func([reflectValue, reflectValue], bool, (a, b) => !isLessOrEqual(reflected(a), reflected(b))),
  ge: func([reflectValue, reflectValue], bool, (a, b) => !isLess(reflected(a), reflected(b))),
  not: func([reflectValue], bool, (value) => !isTrue(reflected(value))),
  len: func([reflectValue], int, (value) => lengthOf(reflected(value))),
  index: variadic([reflectValue], reflectValue, reflectValue, (value, ...keys) =>
    index(reflected(value), ...all(keys)),
  ),
  slice: variadic([reflectValue], reflectValue, reflectValue, (value, ...keys) =>
    slice(reflected(value), ...all(keys)),
  ),
  print: variadic([], any, string, (...values) => sprint(all(values))),
  printf: variadic([string], any, string, (format, ...values) => sprintf(format, all(values))),
  println: variadic([], any, string, (...values) => sprintln(all(values))),
  html: variadic([], any, string, (...values) => escapeHtml(textOf(values))),
  js: variadic([], any, string, (...values) => escapeJs(textOf(values))),
  urlquery: variadic([], any, string, (...values) => escapeQuery(textOf(values))),
};
