import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { familiarRepository, isTag, type Reference, repositoryOf, withTag } from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { forEachLimited } from './limiter.ts';
import { sortTags, type TagOrder } from './remote/tag-order.ts';
import { globToRegExp } from './selection/glob.ts';

export interface TagsRequest {
  /** Tag and digest of the reference do not count. */
  readonly repository: Reference;
  /** Shell globs of whole tags; one that matches is enough. Absent, empty: every tag. */
  readonly filters?: readonly string[];
  /** Absent: `semver`, newest version first. */
  readonly sort?: TagOrder;
  /** The first of the order, at least 1; absent: all. */
  readonly limit?: number;
  /** Asks for the digest of each tag that is returned. */
  readonly digests?: boolean;
}

/** A tag of a repository in its registry. */
export interface RemoteTag {
  readonly tag: string;
  /** What the tag points to, where it was asked for; absent too when the registry has nothing under the tag. */
  readonly digest?: Digest;
}

export interface TagsDeps {
  readonly registry: Pick<RegistryClient, 'listTags' | 'headManifest'>;
  /** Digests asked for at once. */
  readonly jobs: number;
}

/** More than any repository has, and no burden for memory. */
const MAX_TAGS = 1_000_000;
const SHOWN_CHARACTERS = 60;

/**
 * Lists the tags of a repository in its registry, each once. What cannot be a tag is left out, with a
 * warning. Throws `INVALID_ARGUMENT` for a filter or a limit, `TOO_LARGE`, the registry's codes.
 */
export async function tags(
  deps: TagsDeps,
  request: TagsRequest,
  options: VerbOptions = {},
): Promise<RemoteTag[]> {
  const { limit, sort = 'semver' } = request;
  if (limit !== undefined && !(limit >= 1))
    throw new WherryError('INVALID_ARGUMENT', `limit is ${limit}, want at least 1`);
  const repository = repositoryOf(request.repository);
  const enough = sort === 'none' ? limit : undefined;
  const found = await matchingTags(deps, repository, { filters: request.filters ?? [], enough }, options);
  const listed = sortTags(found, sort).slice(0, limit);
  if (!request.digests) return listed.map((tag) => ({ tag }));
  const digests = new Map<string, Digest>();
  await forEachLimited(listed, deps.jobs, options.signal, async (tag, signal) => {
    const target = await deps.registry.headManifest(withTag(repository, tag), signal);
    if (target) digests.set(tag, target.digest);
  });
  return listed.map((tag) => {
    const digest = digests.get(tag);
    return digest === undefined ? { tag } : { tag, digest };
  });
}

/** The tags that a filter matches, in the registry's order; no page is asked for when `enough` are there. */
async function matchingTags(
  deps: TagsDeps,
  repository: Reference,
  { filters, enough }: { readonly filters: readonly string[]; readonly enough: number | undefined },
  options: VerbOptions,
): Promise<string[]> {
  const expressions = filters.map(tagGlob);
  const found = new Set<string>();
  const impossible = { count: 0, first: '' };
  for await (const tag of deps.registry.listTags(repository, options.signal)) {
    // Such a name may hold a path or an escape sequence: it goes into no request and no list.
    if (!isTag(tag)) {
      if (impossible.count++ === 0) impossible.first = tag.slice(0, SHOWN_CHARACTERS);
      continue;
    }
    if (filters.length > 0 && !expressions.some((expression) => expression.test(tag))) continue;
    found.add(tag);
    if (found.size === enough) break;
    if (found.size > MAX_TAGS)
      throw new WherryError('TOO_LARGE', `${familiarRepository(repository)} has more than ${MAX_TAGS} tags`);
  }
  if (impossible.count > 0) {
    const what =
      impossible.count === 1 ? 'a name that is no tag' : `${impossible.count} names that are no tags`;
    const message = `${familiarRepository(repository)}: left out ${what}, ${JSON.stringify(impossible.first)}`;
    options.onProgress?.({ kind: 'warning', message });
  }
  return [...found];
}

/** As `path.Match`, but a class is negated by the shell's `!`, which is in no tag. */
function tagGlob(filter: string): RegExp {
  return globToRegExp(filter.replace(/\\.|\[!/gs, (part) => (part === '[!' ? '[^' : part)));
}
