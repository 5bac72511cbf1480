import { WherryError } from '../../errors.ts';
import type { ImageOutline } from '../../metadata/metadata-store.ts';
import { familiarName, type Reference, repositoryOf } from '../../reference.ts';
import { globToRegExp } from './glob.ts';
import { parseHumanSize } from './human-size.ts';
import { parsePastTime } from './past-time.ts';

/** The filters of one command. Docker's `images` and `image prune` do not take the same ones. */
export type FilterName =
  | 'dangling'
  | 'label'
  | 'label!'
  | 'before'
  | 'since'
  | 'reference'
  | 'until'
  | 'unused-since'
  | 'size';

export interface FilterRules {
  readonly names: readonly FilterName[];
  /** What the texts of `dangling` mean; of several, the one that stands first here counts. */
  readonly dangling: readonly (readonly [text: string, meaning: boolean])[];
}

export const LIST_FILTERS: FilterRules = {
  names: ['dangling', 'label', 'before', 'since', 'reference', 'size'],
  dangling: [
    ['true', true],
    ['false', false],
  ],
};

/** What the engine's API takes, of which the client's `images` leaves one out. */
export const API_LIST_FILTERS: FilterRules = {
  ...LIST_FILTERS,
  names: [...LIST_FILTERS.names, 'until'],
};

export const PRUNE_FILTERS: FilterRules = {
  names: ['dangling', 'label', 'label!', 'until', 'unused-since', 'reference', 'size'],
  dangling: [
    ['false', false],
    ['0', false],
    ['true', true],
    ['1', true],
  ],
};

/** A condition on a label: that it is there, or has this value; `isNegated`: that this is not so. */
export interface LabelCondition {
  readonly key: string;
  readonly value?: string;
  readonly isNegated: boolean;
}

/** What a command's filters ask for. Each condition must hold; of several references, one must match. */
export interface ImageFilters {
  readonly dangling?: boolean;
  readonly labels: readonly LabelCondition[];
  /** What the user typed for images; one of them must be younger, or older. */
  readonly before: readonly string[];
  readonly since: readonly string[];
  /** Absent: any name will do, and none. */
  readonly matchesName?: (ref: Reference) => boolean;
  /** The latest creation time. */
  readonly until?: Date;
  /** What was used later is not meant. */
  readonly unusedSince?: Date;
  readonly sizes: readonly SizeBound[];
}

export type SizeBound = (bytes: number) => boolean;

const BOUNDS: Readonly<Record<string, (limit: number) => SizeBound>> = {
  '>': (limit) => (bytes) => bytes > limit,
  '<': (limit) => (bytes) => bytes < limit,
  '>=': (limit) => (bytes) => bytes >= limit,
  '<=': (limit) => (bytes) => bytes <= limit,
};

const SIZE_FILTER = /^\s*size\s*([<>]=?)(.*)$/is;

/** One filter as it was typed. */
interface FilterText {
  readonly name: string;
  readonly value: string;
}

/** Go's zero time: the age of an image that has none. */
const ZERO_TIME_MS = -62_135_596_800_000;

/**
 * Reads filters as Docker's client and engine do together: `name=value`, names in any case, blanks around both
 * dropped, an empty text none at all; and wherry's `size` with `<` or `>`, and `unused-since`. `now` is what a
 * duration counts from. Throws `INVALID_ARGUMENT` with Docker's texts.
 */
export function parseImageFilters(texts: readonly string[], rules: FilterRules, now: Date): ImageFilters {
  const filters = texts.filter((text) => text !== '').map(splitFilter);
  for (const { name } of filters)
    if (!rules.names.some((known) => (known === 'size' ? isSizeName(name) : known === name)))
      throw invalidFilter(name, rules);
  // Docker keeps the values of a filter as a set.
  const valuesOf = (name: string) => [
    ...new Set(filters.filter((filter) => filter.name === name).map(({ value }) => value)),
  ];
  const dangling = readDangling(valuesOf('dangling'), rules);
  const until = readTime('until', valuesOf('until'), now);
  const unusedSince = readTime('unused-since', valuesOf('unused-since'), now);
  const references = valuesOf('reference');
  return {
    ...(dangling !== undefined && { dangling }),
    labels: [
      ...valuesOf('label').map((value) => labelCondition(value, false)),
      ...valuesOf('label!').map((value) => labelCondition(value, true)),
    ],
    before: valuesOf('before'),
    since: valuesOf('since'),
    ...(references.length > 0 && { matchesName: referenceMatcher(references) }),
    ...(until !== undefined && { until }),
    ...(unusedSince !== undefined && { unusedSince }),
    sizes: filters.filter(({ name }) => isSizeName(name)).map(sizeBound),
  };
}

/** Splits `name=value`. Throws `INVALID_ARGUMENT`. */
function splitFilter(text: string): FilterText {
  const [, comparison, limit] = SIZE_FILTER.exec(text) ?? [];
  if (comparison !== undefined) return { name: `size${comparison}`, value: limit?.trim() ?? '' };
  const equals = text.indexOf('=');
  if (equals < 0)
    throw new WherryError('INVALID_ARGUMENT', 'bad format of filter (expected name=value)', {
      details: { filter: text },
    });
  return { name: text.slice(0, equals).trim().toLowerCase(), value: text.slice(equals + 1).trim() };
}

function isSizeName(name: string): boolean {
  return /^size[<>]=?$/.test(name);
}

function readDangling(values: readonly string[], { dangling }: FilterRules): boolean | undefined {
  if (values.length === 0) return undefined;
  const found = dangling.find(([text]) => values.includes(text));
  if (found) return found[1];
  throw new WherryError('INVALID_ARGUMENT', `Invalid filter 'dangling=[${values.join(' ')}]'`, {
    hint: 'want dangling=true or dangling=false',
  });
}

function readTime(name: FilterName, values: readonly string[], now: Date): Date | undefined {
  const [value] = values;
  if (values.length > 1) throw new WherryError('INVALID_ARGUMENT', `more than one ${name} filter specified`);
  return value === undefined ? undefined : parsePastTime(value, now);
}

function labelCondition(text: string, isNegated: boolean): LabelCondition {
  const equals = text.indexOf('=');
  if (equals < 0) return { key: text, isNegated };
  return { key: text.slice(0, equals), value: text.slice(equals + 1), isNegated };
}

function sizeBound({ name, value }: FilterText): SizeBound {
  const bound = BOUNDS[name.slice('size'.length)];
  if (bound === undefined) throw new Error(`${name} is no size filter`);
  return bound(parseHumanSize(value));
}

/** Docker matches a pattern with the familiar name, with and without its tag or digest. Throws `INVALID_ARGUMENT`. */
function referenceMatcher(patterns: readonly string[]): (ref: Reference) => boolean {
  const expressions = patterns.map(globToRegExp);
  return (ref) => {
    const forms = [familiarName(ref), familiarName(repositoryOf(ref))];
    return expressions.some((expression) => forms.some((form) => expression.test(form)));
  };
}

/** Tells whether an image's size is within all bounds, and its age within `until`. */
export function matchesFacts({ sizes, until }: ImageFilters, facts: ImageOutline): boolean {
  return (
    sizes.every((isWithin) => isWithin(facts.size)) &&
    (until === undefined || createdMs(facts) <= until.getTime())
  );
}

/** `labels` absent: nobody knows them, so nothing holds of them. */
export function matchesLabels(
  { labels: conditions }: ImageFilters,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return conditions.every(({ key, value, isNegated }) => {
    if (labels === undefined) return false;
    const has = Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
    return has !== isNegated;
  });
}

/** When an image was made, for comparisons: the year 1 where its config says nothing. */
export function createdMs({ created }: Pick<ImageOutline, 'created'>): number {
  const ms = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(ms) ? ZERO_TIME_MS : ms;
}

function invalidFilter(name: string, { names }: FilterRules): WherryError {
  const known = names.map((each) => (each === 'size' ? 'size<, size>' : each)).join(', ');
  return new WherryError('INVALID_ARGUMENT', `Invalid filter '${name}'`, {
    hint: `the filters are: ${known}`,
    details: { filter: name },
  });
}
