import { createHash, randomBytes } from 'node:crypto';
import { WherryError } from '@wherry/core';
import type { Right } from './caller.ts';
import { changeFile, readIfThere } from './locked-file.ts';
import { isRepositoryPattern } from './settings.ts';
import type { Clock } from './time.ts';

/** What a token may do in some repositories. */
export interface Grant {
  /** As in a rule: `team/app`, `team/*`, `*`. */
  readonly repositories: string;
  readonly rights: readonly Right[];
}

/** What is kept of a long-lived token: all but the token. */
export interface StoredToken {
  /** What `remove` is told; says nothing about the token. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the token, in hex: its 256 random bits are beyond guessing, and need no slow hash. */
  readonly hash: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** The same; absent: it does not end. */
  readonly expires?: string;
  readonly allow: readonly Grant[];
  /** It opens the Engine API. */
  readonly engine: boolean;
}

export interface CreateTokenRequest {
  readonly name: string;
  /** Absent: it does not end. */
  readonly lifetimeMs?: number;
  /** As `parseAllowed` reads them. */
  readonly allow: readonly string[];
}

const PREFIX = 'wherry_';
const TOKEN = /^wherry_[\w-]{43}$/;
const RIGHTS: readonly string[] = ['pull', 'push', 'delete'] satisfies Right[];
const NAME = /^[\w.@-]{1,100}$/;

/** Makes a token and keeps its hash; the token itself is in the answer alone. Throws `INVALID_ARGUMENT`. */
export async function createToken(
  path: string,
  { name, lifetimeMs, allow }: CreateTokenRequest,
  clock: Clock = Date.now,
): Promise<{ readonly token: string; readonly stored: StoredToken }> {
  if (!NAME.test(name))
    throw new WherryError(
      'INVALID_ARGUMENT',
      `invalid name ${JSON.stringify(name)}: want letters, digits and .@_-`,
    );
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`;
  const now = clock();
  const stored: StoredToken = {
    id: randomBytes(4).toString('hex'),
    name,
    hash: hashOf(token),
    created: new Date(now).toISOString(),
    ...(lifetimeMs !== undefined && { expires: new Date(now + lifetimeMs).toISOString() }),
    ...parseAllowed(allow),
  };
  await changeFile(path, (text) => print([...parse(text, path), stored]));
  return { token, stored };
}

/** Removes the token with this ID, or all of this name. Throws `NAME_UNKNOWN`. */
export async function removeToken(path: string, idOrName: string): Promise<void> {
  await changeFile(path, (text) => {
    const tokens = parse(text, path);
    const left = tokens.filter(({ id, name }) => id !== idOrName && name !== idOrName);
    if (left.length === tokens.length)
      throw new WherryError('NAME_UNKNOWN', `no token ${JSON.stringify(idOrName)} in ${path}`);
    return print(left);
  });
}

/** Reads the tokens there are; none where there is no file. Throws `INVALID_CONFIG`. */
export async function readTokens(path: string): Promise<StoredToken[]> {
  return parse(await readIfThere(path), path);
}

/** Tells whether a text can be a long-lived token at all. */
export function isLongLivedToken(text: string): boolean {
  return TOKEN.test(text);
}

/** The token as it is kept, if it is still good. What is compared are hashes: they give nothing away by time. */
export function findToken(
  tokens: readonly StoredToken[],
  token: string,
  now: number,
): StoredToken | undefined {
  if (!isLongLivedToken(token)) return undefined;
  const hash = hashOf(token);
  return tokens.find((stored) => stored.hash === hash && isGood(stored, now));
}

export function isGood({ expires }: StoredToken, now: number): boolean {
  return expires === undefined || now < Date.parse(expires);
}

/** Reads `pull,push:team/*` and `engine`. Throws `INVALID_ARGUMENT`. */
export function parseAllowed(texts: readonly string[]): { allow: Grant[]; engine: boolean } {
  const grants = texts.filter((text) => text !== 'engine').map(parseGrant);
  return { allow: grants, engine: texts.includes('engine') };
}

function parseGrant(text: string): Grant {
  const [, rights = '', repositories = ''] = /^([^:]*):(.*)$/.exec(text) ?? [];
  const list = rights.split(',');
  if (!list.every((right) => RIGHTS.includes(right)) || !isRepositoryPattern(repositories))
    throw new WherryError(
      'INVALID_ARGUMENT',
      `invalid right ${JSON.stringify(text)}: want RIGHT[,RIGHT]:REPOSITORIES, such as pull,push:team/*, or engine`,
    );
  return { repositories, rights: list as Right[] };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function print(tokens: readonly StoredToken[]): string {
  return `${JSON.stringify({ tokens }, null, 2)}\n`;
}

function parse(text: string | undefined, path: string): StoredToken[] {
  if (text === undefined) return [];
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new WherryError('INVALID_CONFIG', `${path}: is no JSON`, { cause });
  }
  const { tokens } = (document ?? {}) as { tokens?: unknown };
  if (!Array.isArray(tokens) || !tokens.every(isStoredToken))
    throw new WherryError('INVALID_CONFIG', `${path}: is no list of tokens`);
  return tokens;
}

function isStoredToken(value: unknown): value is StoredToken {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, hash, created, expires, allow, engine } = value as Record<string, unknown>;
  const texts = [id, name, created].every((text) => typeof text === 'string');
  const isEnd = expires === undefined || (typeof expires === 'string' && !Number.isNaN(Date.parse(expires)));
  const isHash = typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
  return (
    texts && isEnd && isHash && Array.isArray(allow) && allow.every(isGrant) && typeof engine === 'boolean'
  );
}

function isGrant(value: unknown): value is Grant {
  if (typeof value !== 'object' || value === null) return false;
  const { repositories, rights } = value as Record<string, unknown>;
  const fits = Array.isArray(rights) && rights.every((right) => RIGHTS.includes(right));
  return fits && typeof repositories === 'string' && isRepositoryPattern(repositories);
}
