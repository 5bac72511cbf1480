import { ApiError } from '../api-error.ts';
import { parseGoJson } from './go-json.ts';
import { goKind } from './json-body.ts';

/**
 * A parameter that holds a JSON document, read as Go does; `undefined` for none. Throws Docker's 400 with `before` in
 * front of what is wrong.
 */
export function jsonParameter(text: string, before: string): unknown {
  if (text === '') return undefined;
  try {
    return parseGoJson(text, 400) ?? undefined;
  } catch (error) {
    if (error instanceof ApiError) throw new ApiError(400, `${before}: ${error.message}`);
    throw error;
  }
}

/** The same for a map of texts; a member that is `null` is `undefined`. */
export function textMap(text: string, before: string): Readonly<Record<string, string | undefined>> {
  const value = jsonParameter(text, before);
  if (value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw unfit(value, before, 'map[string]string');
  const entries = Object.entries(value as object).map(([name, each]: [string, unknown]) => {
    if (each !== null && typeof each !== 'string') throw unfit(each, before, 'string');
    return [name, each ?? undefined] as const;
  });
  return Object.fromEntries(entries);
}

/** The same for a list of texts. */
export function textList(text: string, before: string): readonly string[] {
  const value = jsonParameter(text, before);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw unfit(value, before, '[]string');
  for (const each of value) if (typeof each !== 'string') throw unfit(each, before, 'string');
  return value as string[];
}

function unfit(value: unknown, before: string, type: string): ApiError {
  return new ApiError(
    400,
    `${before}: json: cannot unmarshal ${goKind(value)} into Go value of type ${type}`,
  );
}
