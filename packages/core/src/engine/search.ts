import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { parseReference } from '../reference.ts';
import type { RegistryClient, SearchResult } from '../registry/registry-client.ts';
import type { SearchRequest } from './engine.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
const DOCKER_HUB = 'docker.io';

type Filters = NonNullable<SearchRequest['filters']>;

/** Searches a registry for repositories. Throws `INVALID_ARGUMENT` and `INVALID_REFERENCE` in Docker's words. */
export async function search(
  { registry }: { readonly registry: Pick<RegistryClient, 'search'> },
  { term: text, limit = DEFAULT_LIMIT, filters = {} }: SearchRequest,
  { signal }: VerbOptions = {},
): Promise<SearchResult[]> {
  const isWanted = readFilters(filters);
  const { domain, term } = splitTerm(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new WherryError('INVALID_ARGUMENT', `Limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
  return (await registry.search({ domain, term, limit }, signal)).filter(isWanted);
}

/**
 * The registry's domain and what to search there. Unlike in a name, an upper-case letter makes no host. MOBY
 * `daemon/pkg/registry/search.go`, `splitReposSearchTerm`.
 */
function splitTerm(text: string): { domain: string; term: string } {
  if (text.includes('://'))
    throw new WherryError(
      'INVALID_REFERENCE',
      'Invalid repository name (ex: "registry.domain.tld/myrepos")',
      { hint: 'leave the scheme out' },
    );
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const hasHost = first === 'localhost' || /[.:]/.test(first);
  // A host of any name: the grammar of names says what a host may be.
  const domain = hasHost ? parseReference(`${first}/name`).domain : DOCKER_HUB;
  const term = hasHost ? text.slice(slash + 1) : text;
  return { domain, term: domain === DOCKER_HUB ? term.replace(/^library\//, '') : term };
}

/** What a result must be. Throws `INVALID_ARGUMENT`. */
function readFilters(filters: Filters): (result: SearchResult) => boolean {
  const tests: ((result: SearchResult) => boolean)[] = [];
  for (const [name, values] of Object.entries(filters)) {
    if (name === 'stars') {
      const least = Math.max(0, ...values.map(starsOf));
      tests.push(({ starCount }) => starCount >= least);
    } else if (name === 'is-official') {
      const wanted = flagOf(name, values);
      tests.push(({ isOfficial }) => isOfficial === wanted);
    } else if (name === 'is-automated') {
      const wanted = flagOf(name, values);
      tests.push(({ isAutomated }) => isAutomated === wanted);
    } else throw invalidFilter(name);
  }
  return (result) => tests.every((test) => test(result));
}

function starsOf(value: string): number {
  if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw invalidFilter(`stars=${value}`);
}

function flagOf(name: string, values: readonly string[]): boolean {
  const [value, ...others] = new Set(values);
  if (others.length === 0 && (value === 'true' || value === '1')) return true;
  if (others.length === 0 && (value === 'false' || value === '0')) return false;
  throw invalidFilter(`${name}=[${[...new Set(values)].join(' ')}]`);
}

function invalidFilter(shown: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `Invalid filter '${shown}'`, {
    hint: 'the filters are stars=N, is-official=true|false and is-automated=true|false',
  });
}
