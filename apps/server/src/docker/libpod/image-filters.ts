import { ApiError } from '../api-error.ts';
import { type Filters, filterList, readFilters } from '../wire/filters.ts';

/** What podman calls differently from Docker. */
const OTHER_NAMES: Readonly<Record<string, string>> = { after: 'since' };
const HUB = /^(?:index\.)?docker\.io\/(?:library\/)?/;
/** Parts of a name that may stand before those that a pattern has. */
const LEADING_PARTS = ['', '*/', '*/*/', '*/*/*/'];

/** Reads the `filters` of a request. Throws an `ApiError` with podman's text for one that is not in `known`. */
export function readImageFilters(text: string, known: readonly string[]): Filters {
  const filters = new Map<string, readonly string[]>();
  for (const [name, values] of readFilters(text)) {
    const key = OTHER_NAMES[name] ?? name;
    if (!known.includes(key)) throw new ApiError(500, `unsupported image filter ${JSON.stringify(name)}`);
    filters.set(key, [...(filters.get(key) ?? []), ...values]);
  }
  return filters;
}

/** The filters as `name=value` each, as core takes them; `id` is none of core's. */
export function coreFilters(filters: Filters): string[] {
  const texts = new Map([...filters].filter(([name]) => name !== 'id'));
  const references = filters.get('reference');
  if (references) texts.set('reference', references.flatMap(referencePatterns));
  return filterList(texts);
}

/**
 * Core matches whole names as Docker prints them. podman's names have their registry, and the end of a name will do
 * for a pattern.
 */
function referencePatterns(pattern: string): string[] {
  const familiar = pattern.replace(HUB, '');
  return familiar === pattern ? LEADING_PARTS.map((parts) => `${parts}${pattern}`) : [familiar];
}
