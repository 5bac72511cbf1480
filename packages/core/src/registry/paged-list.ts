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
  const { what } = list;
  const seen = new Set<string>();
  let target: string | URL = list.target;
  for (;;) {
    const { names, next }: Page = await fetchPage(http, endpoint, list, target, signal);
    yield* names;
    if (next === undefined) return;
    const base = http.knownUrl(endpoint);
    if (next.origin !== base.origin)
      throw new WherryError('REGISTRY_ERROR', `${base.host}: ${what} goes on at another host, ${next.host}`);
    if (seen.has(next.href) || seen.size >= MAX_PAGES)
      throw new WherryError('REGISTRY_ERROR', `${shownUrl(next)}: ${what} does not end`);
    seen.add(next.href);
    target = next;
  }
}

async function fetchPage(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  list: PagedList,
  target: string | URL,
  signal?: AbortSignal,
): Promise<Page> {
  const response = await http.send(endpoint, {
    method: 'GET',
    target,
    headers: { accept: 'application/json' },
    scopes: list.scopes,
    repeatable: true,
    toldAs: 'GET',
    signal,
  });
  if (response.status !== 200) throw list.refused(await readProblem(response));
  await using open = response;
  const names = namesOf(await collect(open.body, MAX_PAGE_BYTES), list, http.knownUrl(endpoint));
  const link = parseNextLink(open.headers.get('link') ?? '');
  if (link === undefined) return { names, next: undefined };
  const here = typeof target === 'string' ? new URL(`/v2/${target}`, http.knownUrl(endpoint)) : target;
  const next = URL.parse(link, here.href);
  if (next === null)
    throw new WherryError('REGISTRY_ERROR', `${shownUrl(here)}: ${list.what} with a broken link`);
  return { names, next };
}

function namesOf(bytes: Uint8Array, { field, what }: PagedList, base: URL): string[] {
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
