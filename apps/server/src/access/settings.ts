import { parseDuration, type TomlTable } from '@wherry/core';
import type { Right } from './caller.ts';

/**
 * How a client is told to say who it is. It is told one way: of two, Docker takes the password's, and fails where
 * its login has left it with a token.
 */
export type Challenge = 'bearer' | 'basic';
/** How the service's own tokens are signed. */
export type SigningAlgorithm = 'ES256' | 'EdDSA';

/** `[[access.rule]]`: what some may do in some repositories. Rules add up; without any, accounts may do all. */
export interface AccessRule {
  /** A repository, or all below a prefix (`team/*`), or all (`*`). */
  readonly repositories: string;
  /** Accounts; `anonymous` is whoever gives no name, `*` every account. */
  readonly users: readonly string[];
  readonly rights: readonly Right[];
}

/** `[access]`: who may do what. */
export interface AccessSettings {
  /** File of accounts, from the settings file's directory on. */
  readonly users: string;
  readonly rule: readonly AccessRule[];
  readonly challenge: Challenge;
  /** URL of the token endpoint as clients reach it; absent: `/token` at the host they asked. */
  readonly realm?: string;
  readonly service: string;
  readonly signing: SigningAlgorithm;
  /** Of the tokens that requests carry, in ms. */
  readonly tokenLifetime: number;
  /** Of the tokens that clients keep in the place of a password, in ms. */
  readonly refreshLifetime: number;
  /** How long one key signs, in ms. */
  readonly keyLifetime: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const DEFAULT_ACCESS_SETTINGS: AccessSettings = {
  users: 'users',
  rule: [],
  challenge: 'bearer',
  service: 'wherry',
  signing: 'ES256',
  tokenLifetime: 5 * MINUTE_MS,
  refreshLifetime: 90 * DAY_MS,
  keyLifetime: 30 * DAY_MS,
};

/** What each key of the table means, for the printed settings file. */
export const ACCESS_KEYS: readonly {
  readonly key: string;
  readonly doc: string;
  readonly default: unknown;
}[] = [
  {
    key: 'users',
    doc: "File of accounts in htpasswd's form, bcrypt only, from this file's directory on.",
    default: 'users',
  },
  {
    key: 'rule',
    doc: 'Rules: repositories ("team/*", "*"), users (names, "anonymous", "*" for every account), rights (pull, push, delete). They add up. Without any rule, accounts may do all and nobody else anything.',
    default: [],
  },
  {
    key: 'challenge',
    doc: 'How clients are told to log in: "bearer" (tokens), or "basic" (the password with each request). Both are always taken.',
    default: 'bearer',
  },
  {
    key: 'realm',
    doc: 'URL of the token endpoint as clients reach it, for a service behind a proxy. Default: /token at the host that was asked.',
    default: undefined,
  },
  { key: 'service', doc: 'What tokens name as the service they are for.', default: 'wherry' },
  { key: 'signing', doc: 'How tokens are signed: "ES256" or "EdDSA".', default: 'ES256' },
  { key: 'token-lifetime', doc: 'How long the token of a request is good.', default: '5m' },
  {
    key: 'refresh-lifetime',
    doc: 'How long the token is good that a client keeps after a login.',
    default: '2160h',
  },
  { key: 'key-lifetime', doc: 'How long one key signs before the next is made.', default: '720h' },
];

const RIGHTS: readonly string[] = ['pull', 'push', 'delete'] satisfies Right[];
const PATTERN = /^(?:\*|[a-z0-9._-]+(?:\/[a-z0-9._-]+)*(?:\/\*)?)$/;
const MIN_TOKEN_MS = 60_000;
const NS_PER_MS = 1e6;

/** Reads `[access]`. Throws `INVALID_CONFIG` with file, line and column. */
export function readAccessSettings(table: TomlTable): AccessSettings {
  const defaults = DEFAULT_ACCESS_SETTINGS;
  const realm = table.string('realm', isWebAddress, 'want https://HOST/token');
  const settings = {
    users: table.string('users') ?? defaults.users,
    rule: table.tables('rule').map(readRule),
    challenge: (table.string('challenge', isChallenge, 'want "bearer" or "basic"') ??
      defaults.challenge) as Challenge,
    ...(realm !== undefined && { realm }),
    service: table.string('service', isQuotable, 'want letters, digits and ./:-') ?? defaults.service,
    signing: (table.string('signing', isAlgorithm, 'want "ES256" or "EdDSA"') ??
      defaults.signing) as SigningAlgorithm,
    tokenLifetime: readDuration(table, 'token-lifetime') ?? defaults.tokenLifetime,
    refreshLifetime: readDuration(table, 'refresh-lifetime') ?? defaults.refreshLifetime,
    keyLifetime: readDuration(table, 'key-lifetime') ?? defaults.keyLifetime,
  };
  table.end();
  return settings;
}

/** Tells whether `text` names repositories as a rule does. */
export function isRepositoryPattern(text: string): boolean {
  return PATTERN.test(text);
}

function readRule(table: TomlTable): AccessRule {
  const rule = {
    repositories: table.required('repositories', isRepositoryPattern, 'want NAME, PREFIX/* or *'),
    users: table.list('users'),
    rights: listOf(table, 'rights', RIGHTS) as readonly Right[],
  };
  if (rule.users.length === 0) throw table.invalid('users', 'names nobody');
  if (rule.rights.length === 0) throw table.invalid('rights', 'gives nothing');
  table.end();
  return rule;
}

function listOf(table: TomlTable, key: string, known: readonly string[]): readonly string[] {
  const values = table.list(key);
  const unknown = values.find((value) => !known.includes(value));
  if (unknown !== undefined)
    throw table.invalid(key, `has ${JSON.stringify(unknown)}, want ${known.join(', ')}`);
  return values;
}

function readDuration(table: TomlTable, key: string): number | undefined {
  const text = table.string(key);
  if (text === undefined) return undefined;
  const ms = milliseconds(text);
  if (ms === undefined || ms < MIN_TOKEN_MS)
    throw table.invalid(
      key,
      `is ${JSON.stringify(text)}, want a duration of a minute at least, such as "720h"`,
    );
  return ms;
}

function milliseconds(text: string): number | undefined {
  try {
    return Math.round(parseDuration(text) / NS_PER_MS);
  } catch {
    return undefined;
  }
}

function isChallenge(text: string): boolean {
  return text === 'bearer' || text === 'basic';
}

function isAlgorithm(text: string): boolean {
  return text === 'ES256' || text === 'EdDSA';
}

/** The text stands between quotation marks in a header. */
function isQuotable(text: string): boolean {
  return /^[\w./:-]+$/.test(text);
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[\w.:[\]/-]+$/.test(text) && URL.canParse(text);
}
