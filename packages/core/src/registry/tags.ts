import { collect } from '../bytes/collect.ts';
import { WherryError } from '../errors.ts';
import type { Reference } from '../reference.ts';
import { repositoryScope } from './auth.ts';
import { parseNextLink } from './challenge.ts';
import { pullError, readProblem } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import type { RegistryHttp } from './registry-http.ts';
import { shownUrl } from './urls.ts';

const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const MAX_PAGES = 10_000;

/** One page of a repository's tags. */
interface TagPage {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

/**
 * Lists a repository's tags, page after page. Throws `NAME_UNKNOWN`, and `REGISTRY_ERROR` for pages that
 * lead in a circle or to another host.
 */
export async function* listTags(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  repo: Reference,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const seen = new Set<string>();
  let target: string | URL = `${endpoint.repository}/tags/list`;
  for (;;) {
    const { tags, next }: TagPage = await fetchPage(http, endpoint, repo, target, signal);
    yield* tags;
    if (next === undefined) return;
    const base = http.knownUrl(endpoint);
    if (next.origin !== base.origin)
      throw new WherryError('REGISTRY_ERROR', `${base.host}: tag list goes on at another host, ${next.host}`);
    if (seen.has(next.href) || seen.size >= MAX_PAGES)
      throw new WherryError('REGISTRY_ERROR', `${shownUrl(next)}: tag list does not end`);
    seen.add(next.href);
    target = next;
  }
}

async function fetchPage(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  repo: Reference,
  target: string | URL,
  signal?: AbortSignal,
): Promise<TagPage> {
  const response = await http.send(endpoint, {
    method: 'GET',
    target,
    headers: { accept: 'application/json' },
    scopes: [repositoryScope(endpoint.repository, 'pull')],
    repeatable: true,
    toldAs: 'GET',
    signal,
  });
  if (response.status !== 200) throw pullError(await readProblem(response), repo, 'NAME_UNKNOWN');
  await using open = response;
  const tags = tagsOf(await collect(open.body, MAX_PAGE_BYTES), http.knownUrl(endpoint));
  const link = parseNextLink(open.headers.get('link') ?? '');
  if (link === undefined) return { tags, next: undefined };
  const here = typeof target === 'string' ? new URL(`/v2/${target}`, http.knownUrl(endpoint)) : target;
  const next = URL.parse(link, here.href);
  if (next === null)
    throw new WherryError('REGISTRY_ERROR', `${shownUrl(here)}: tag list with a broken link`);
  return { tags, next };
}

function tagsOf(bytes: Uint8Array, base: URL): string[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new WherryError('REGISTRY_ERROR', `${base.host}: tag list is not JSON`, { cause });
  }
  const { tags } = (document ?? {}) as { tags?: unknown };
  // Registries in Go write an empty list as null.
  if (tags === null || tags === undefined) return [];
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string'))
    throw new WherryError('REGISTRY_ERROR', `${base.host}: tag list without tags`);
  return tags;
}
