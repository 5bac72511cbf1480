import { collect } from '../bytes/collect.ts';
import { WherryError } from '../errors.ts';
import { parseNextLink } from './challenge.ts';
import { type Problem, readProblem } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import type { RegistryHttp } from './registry-http.ts';
import { shownUrl } from './urls.ts';

const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const MAX_PAGES = 10_000;

/** A list of names that a registry gives in pages. */
export interface PagedList {
  /** Of the first page, below `/v2/`. */
  readonly target: string;
  /** The list's name in a page's document. */
  readonly field: string;
  /** What errors call it. */
  readonly what: string;
  readonly scopes: readonly string[];
  /** The error of an answer that is no page. */
  readonly refused: (problem: Problem) => WherryError;
}

interface Page {
  readonly names: readonly string[];
  readonly next: URL | undefined;
}

/**
 * Reads a list page after page, as far as its `Link`s lead. Throws `REGISTRY_ERROR` for pages that lead in
 * a circle or to another host, and what `refused` makes of other answers.
 * OCI distribution-spec v1.1, "Listing Tags".
 */
export async function* readPagedList(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  list: PagedList,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const trail = new PageTrail(http, endpoint, list.what);
  for (let target: string | URL | undefined = list.target; target !== undefined; ) {
    const { names, next }: Page = await fetchPage(http, endpoint, { ...list, target }, trail, signal);
    yield* names;
    target = next;
  }
}

/** Follows the `Link`s of one list, and nowhere else. */
export class PageTrail {
  readonly #http: RegistryHttp;
  readonly #endpoint: RegistryEndpoint;
  readonly #what: string;
  readonly #seen = new Set<string>();

  /** `what` is what errors call the list. */
  constructor(http: RegistryHttp, endpoint: RegistryEndpoint, what: string) {
    this.#http = http;
    this.#endpoint = endpoint;
    this.#what = what;
  }

  /** The page that follows the one at `target`; absent: it is the last. Throws `REGISTRY_ERROR`. */
  next(headers: ReadonlyMap<string, string>, target: string | URL): URL | undefined {
    const link = parseNextLink(headers.get('link') ?? '');
    if (link === undefined) return undefined;
    const base = this.#http.knownUrl(this.#endpoint);
    const here = typeof target === 'string' ? new URL(`/v2/${target}`, base) : target;
    const next = URL.parse(link, here.href);
    const refuse = (message: string) => new WherryError('REGISTRY_ERROR', message);
    if (next === null) throw refuse(`${shownUrl(here)}: ${this.#what} with a broken link`);
    if (next.origin !== base.origin)
      throw refuse(`${base.host}: ${this.#what} goes on at another host, ${next.host}`);
    if (this.#seen.has(next.href) || this.#seen.size >= MAX_PAGES)
      throw refuse(`${shownUrl(next)}: ${this.#what} does not end`);
    this.#seen.add(next.href);
    return next;
  }
}

async function fetchPage(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  list: Omit<PagedList, 'target'> & { readonly target: string | URL },
  trail: PageTrail,
  signal?: AbortSignal,
): Promise<Page> {
  const { target, scopes } = list;
  const response = await http.send(endpoint, {
    method: 'GET',
    target,
    headers: { accept: 'application/json' },
    scopes,
    repeatable: true,
    toldAs: 'GET',
    signal,
  });
  if (response.status !== 200) throw list.refused(await readProblem(response));
  await using open = response;
  const names = namesOf(await collect(open.body, MAX_PAGE_BYTES), list, http.knownUrl(endpoint));
  return { names, next: trail.next(open.headers, target) };
}

function namesOf(bytes: Uint8Array, { field, what }: Pick<PagedList, 'field' | 'what'>, base: URL): string[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new WherryError('REGISTRY_ERROR', `${base.host}: ${what} is not JSON`, { cause });
  }
  const names = ((document ?? {}) as Record<string, unknown>)[field];
  // Registries in Go write an empty list as null.
  if (names === null || names === undefined) return [];
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new WherryError('REGISTRY_ERROR', `${base.host}: ${what} without ${field}`);
  return names;
}
