import { WherryError } from '@wherry/core';

/** What a token is asked for, or grants: some actions on one thing. */
export interface Scope {
  /** `repository`, `registry`, or what a client makes up. */
  readonly type: string;
  /** May hold one colon: a host and its port. */
  readonly name: string;
  readonly actions: readonly string[];
}

/** More than the longest of real clients, which mount from a few repositories. */
const MAX_SCOPES = 100;
const MAX_SCOPE_LENGTH = 1024;
const TYPE = /^[a-z0-9]+$/;
const ACTION = /^(?:[a-z]+|\*)$/;

/**
 * Reads scopes, each with several behind spaces: `type[(class)]:name:action[,action]`. The name may hold a
 * colon, so that it ends at the last one; the class is no longer of any meaning. Throws `INVALID_ARGUMENT`.
 * distribution `spec/auth/scope.md`.
 */
export function parseScopes(texts: readonly string[]): Scope[] {
  const all = texts.flatMap((text) => text.split(' ')).filter((text) => text !== '');
  if (all.length > MAX_SCOPES)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `request names ${all.length} scopes, the limit is ${MAX_SCOPES}`,
    );
  return all.map(parseScope);
}

/** One scope as text. */
export function formatScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(',')}`;
}

function parseScope(text: string): Scope {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  const type = text.slice(0, first).replace(/\([a-z0-9]+\)$/, '');
  const name = text.slice(first + 1, last);
  const actions = [...new Set(text.slice(last + 1).split(','))].filter((action) => action !== '');
  const fits = first > 0 && last > first + 1 && text.length <= MAX_SCOPE_LENGTH;
  if (!fits || !TYPE.test(type) || name.split(':').length > 2 || !actions.every((one) => ACTION.test(one)))
    throw new WherryError('INVALID_ARGUMENT', `invalid scope ${JSON.stringify(text.slice(0, 200))}`);
  return { type, name, actions };
}
