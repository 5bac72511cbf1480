import { ApiError } from '../api-error.ts';
import { parseGoJson } from './go-json.ts';
import { goKind } from './json-body.ts';

/** The values of each filter, in the order of the request. */
export type Filters = ReadonlyMap<string, readonly string[]>;

const TRUE_WORDS = new Set(['1', 'true']);
const FALSE_WORDS = new Set(['0', 'false']);

/**
 * Reads the `filters` parameter in both of its forms, `{"label":["a"]}` and `{"label":{"a":true}}`. Throws an
 * `ApiError` with Docker's text for anything else, and for names that are not in `known`.
 */
export function readFilters(text: string, known?: readonly string[]): Filters {
  if (text === '') return new Map();
  const document = parseGoJson(text, 500);
  if (document === null) return new Map();
  if (typeof document !== 'object' || Array.isArray(document)) throw unfit(document, '');
  const filters = new Map(
    Object.entries(document).map(([name, values]) => [name, filterValues(values)] as const),
  );
  if (known) requireKnown(filters, known);
  return filters;
}

/** Throws Docker's 400 for the first filter whose name is not in `known`. */
export function requireKnown(filters: Filters, known: readonly string[]): void {
  for (const name of filters.keys())
    if (!known.includes(name)) throw new ApiError(400, `Invalid filter '${name}'`);
}

/** A filter that is true or false; `undefined` where it is absent. Throws Docker's 400 for other words. */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters.get(name);
  if (values === undefined) return undefined;
  if (values.some((value) => TRUE_WORDS.has(value))) return true;
  if (values.some((value) => FALSE_WORDS.has(value))) return false;
  throw new ApiError(400, `Invalid filter '${name}=[${values.join(' ')}]'`);
}

/** The filters as `name=value` each, which is how core takes them. */
export function filterList(filters: Filters): string[] {
  return [...filters].flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
}

function filterValues(values: unknown): string[] {
  if (values === null) return [];
  if (Array.isArray(values)) {
    for (const value of values) if (typeof value !== 'string') throw unfit(values, 'map[string]bool');
    return values as string[];
  }
  if (typeof values !== 'object') throw unfit(values, 'map[string]bool');
  for (const value of Object.values(values as object))
    if (typeof value !== 'boolean') throw unfit(value, 'bool');
  return Object.keys(values as object);
}

function unfit(value: unknown, type: string): ApiError {
  return new ApiError(
    500,
    `json: cannot unmarshal ${goKind(value)} into Go value of type ${type || 'map[string]map[string]bool'}`,
  );
}
