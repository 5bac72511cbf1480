import { isWherryError, WherryError } from '../../errors.ts';
import { parsePastTime } from '../selection/past-time.ts';
import type { BuildCacheEntry } from './cache-entries.ts';

type Condition = (entry: BuildCacheEntry) => boolean;

const NAMES = ['description', 'id', 'inuse', 'parent', 'private', 'shared', 'type', 'until', 'unused-for'];
/** Those that both bound the last use. */
const AGES = ['until', 'unused-for'];
const YES = ['', 'true', '1'];
const NO = ['false', '0'];

const CONDITIONS: Readonly<Record<string, (value: string, name: string) => Condition>> = {
  id: (value) => (entry) => entry.id.startsWith(value),
  parent: (value) => (entry) => entry.parent?.startsWith(value) ?? false,
  type: (value) => (entry) => entry.type === value,
  description: (value) => (entry) => entry.description.includes(value),
  inuse: (value, name) => isAsAsked(({ isInUse }) => isInUse, value, name),
  shared: (value, name) => isAsAsked(({ isShared }) => isShared, value, name),
  private: (value, name) => isAsAsked(({ isShared }) => !isShared, value, name),
};

/**
 * Reads filters on the build cache, `name=value` each, all of which must hold: `until` and `unused-for` bound the last
 * use, by a duration or a time. Throws `INVALID_ARGUMENT` with Docker's texts. moby, `toBuildkitPruneInfo`.
 */
export function parseCacheFilters(texts: readonly string[], now: Date): Condition {
  const filters = texts.filter((text) => text !== '').map(splitFilter);
  const names = filters.map(({ name }) => name);
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw invalid(`Invalid filter '${unknown}'`, `want ${NAMES.join(', ')}`);
  if (AGES.every((name) => names.includes(name)))
    throw invalid('conflicting filters: "until" and "unused-for"');
  if (new Set(names).size < names.length) throw invalid('filters expect only one value');
  const conditions = filters.map(({ name, value }) =>
    AGES.includes(name) ? unusedSince(name, value, now) : CONDITIONS[name]?.(value, name),
  );
  return (entry) => conditions.every((holds) => holds?.(entry) ?? false);
}

/** The filter that says how long something must not have been used. */
export function unusedFor(age: string): string {
  return `unused-for=${age}`;
}

function splitFilter(text: string): { readonly name: string; readonly value: string } {
  const equals = text.indexOf('=');
  if (equals < 0) throw invalid('bad format of filter (expected name=value)');
  return { name: text.slice(0, equals).trim().toLowerCase(), value: text.slice(equals + 1).trim() };
}

function unusedSince(name: string, value: string, now: Date): Condition {
  const latest = latestUse(name, value, now);
  return ({ lastUsedAt }) => lastUsedAt <= latest;
}

/** Docker takes durations alone; a time is as good. */
function latestUse(name: string, value: string, now: Date): Date {
  try {
    return parsePastTime(value, now);
  } catch (cause) {
    if (!isWherryError(cause, 'INVALID_ARGUMENT')) throw cause;
    throw new WherryError(
      'INVALID_ARGUMENT',
      `"${name}" filter expects a duration (e.g., '24h'): ${cause.message}`,
      { cause },
    );
  }
}

function isAsAsked(is: Condition, value: string, name: string): Condition {
  const text = value.toLowerCase();
  if (!YES.includes(text) && !NO.includes(text))
    throw invalid(`invalid filter '${name}=${value}'`, 'want true or false');
  return (entry) => is(entry) === YES.includes(text);
}

function invalid(message: string, hint?: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message, hint === undefined ? {} : { hint });
}
