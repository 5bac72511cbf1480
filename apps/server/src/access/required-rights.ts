import { parseEndpoint } from '../registry/endpoints.ts';
import { rightOf } from '../registry/rights.ts';
import type { Right } from './caller.ts';
import { formatScope, type Scope } from './scope.ts';

/** What a request to the registry needs. */
export type Need =
  /** Anything that says who asks: it is where clients look for the challenge. */
  | { readonly kind: 'login' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'repository'; readonly right: Right; readonly name: string };

/** What a push token also says: clients look whether a blob is there before they send it. */
const ACTIONS: Readonly<Record<Right, readonly string[]>> = {
  pull: ['pull'],
  push: ['pull', 'push'],
  delete: ['delete'],
};

/**
 * What a request needs, by its method and the path behind `/v2/`, percent-decoded; `undefined`: it is no
 * endpoint. What it has no such method for takes the right to pull, or where it would change something to push. Throws
 * `INVALID_REFERENCE` for a name outside the grammar.
 */
export function needOf(method: string, path: string): Need | undefined {
  const endpoint = parseEndpoint(path);
  if (!endpoint) return undefined;
  if (endpoint.kind === 'base') return { kind: 'login' };
  if (endpoint.kind === 'catalog') return { kind: 'catalog' };
  const unknown = method === 'GET' || method === 'HEAD' ? 'pull' : 'push';
  return { kind: 'repository', right: rightOf(endpoint, method) ?? unknown, name: endpoint.name };
}

/** The scopes of a token that a request needs; `from` is the repository a blob is to be mounted from. */
export function scopesOf(need: Need | undefined, from?: string): string[] {
  if (need === undefined || need.kind === 'login') return [];
  if (need.kind === 'catalog') return [formatScope(CATALOG_SCOPE)];
  const scope = { type: 'repository', name: need.name, actions: ACTIONS[need.right] };
  const mount = from === undefined ? [] : [{ type: 'repository', name: from, actions: ACTIONS.pull }];
  return [scope, ...mount].map(formatScope);
}

/** What a token has to say for the list of repositories. */
export const CATALOG_SCOPE: Scope = { type: 'registry', name: 'catalog', actions: ['*'] };
