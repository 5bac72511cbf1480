import { type RepositoryAccess, WherryError } from '@wherry/core';
import type { Caller, Right } from '../access/caller.ts';
import type { Endpoint } from './endpoints.ts';
import type { Method } from './route.ts';

type RightOf<K extends Endpoint['kind']> = 'name' extends keyof Extract<Endpoint, { kind: K }>
  ? Partial<Record<Method, Right>>
  : undefined;

/**
 * The right in its repository that each request needs. What is of no repository needs none: lists of
 * repositories leave out those that the caller may not pull.
 */
const RIGHTS: { readonly [K in Endpoint['kind']]: RightOf<K> } = {
  base: undefined,
  blob: { GET: 'pull', HEAD: 'pull', DELETE: 'delete' },
  manifest: { GET: 'pull', HEAD: 'pull', PUT: 'push', DELETE: 'delete' },
  uploads: { POST: 'push' },
  upload: { GET: 'push', PATCH: 'push', PUT: 'push', DELETE: 'push' },
  tags: { GET: 'pull' },
  referrers: { GET: 'pull' },
  catalog: undefined,
};

/** The right that a request needs; `undefined`: none, or the endpoint has no such method. */
export function rightOf({ kind }: Endpoint, method: string): Right | undefined {
  return RIGHTS[kind]?.[method as Method];
}

/**
 * Throws `DENIED` when the caller has not the right that the request needs, `UNAUTHORIZED` when nobody has said
 * who that is; `details` tell what a challenge has to ask for.
 */
export function requireRight(caller: Caller, endpoint: Endpoint, method: string): void {
  if (!('name' in endpoint)) return;
  const { name: repository } = endpoint;
  const right = rightOf(endpoint, method);
  if (right === undefined || caller.may(right, repository)) return;
  const details = { repository, right };
  if (caller.name === undefined)
    throw new WherryError('UNAUTHORIZED', 'authentication required', { details });
  throw new WherryError('DENIED', 'requested access to the resource is denied', { details });
}

/** How a caller reaches content through a repository. Who owns the service reads whatever the store has. */
export function accessOf(caller: Caller, repository: string): RepositoryAccess {
  return { repository, ...readingOf(caller) };
}

/** What a caller may read, for lists of repositories. */
export function readingOf(caller: Caller): Pick<RepositoryAccess, 'mayRead'> {
  return caller.ownsStore ? {} : { mayRead: (repository) => caller.may('pull', repository) };
}
