import type { Clock } from '../clock.ts';
import type { CredentialStore, Credentials } from '../config/credentials.ts';
import { WherryError } from '../errors.ts';
import { abortable } from './abortable.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicHeader, fetchToken, type Send, type Token } from './tokens.ts';
import { shownUrl } from './urls.ts';

/** Part of a token's life after which a new one is fetched, so that none ends in mid-request. */
const USABLE_LIFETIME = 0.8;
const CREDENTIALS_LIFETIME_MS = 30_000;
const MAX_REMEMBERED = 1000;

/** Whom credentials are for: never another host than `origin` and its token server. */
export interface AuthTarget {
  /** Scheme, host and port that will see the `Authorization` header. */
  readonly origin: URL;
  /** Key of the credentials. */
  readonly domain: string;
  /** Repository, for credentials of a namespace. */
  readonly path?: string;
}

export interface AuthorizerOptions {
  /** Sends to token servers; no authentication of its own. */
  readonly send: Send;
  readonly credentials: Pick<CredentialStore, 'get'>;
  readonly clock: Clock;
}

interface HeldToken {
  readonly token: Promise<Token>;
  /** Milliseconds since the epoch; absent while the token is on its way. */
  refreshAt?: number;
  /** Absent while the token is on its way. */
  value?: string;
}

interface HeldCredentials {
  readonly found: Promise<Credentials | undefined>;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The token right `repository:<path>:<actions>`. DD `spec/auth/scope.md`. */
export function repositoryScope(path: string, actions: 'pull' | 'pull,push' | 'pull,push,delete'): string {
  return `repository:${path}:${actions}`;
}

/** Answers challenges: Basic and Bearer, tokens cached per realm, service, scopes and account. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #challenges = new Map<string, Challenge>();
  /** What a registry asked for beyond the scopes that the request needs by the book. */
  readonly #widened = new Map<string, readonly string[]>();
  readonly #tokens = new Map<string, HeldToken>();
  readonly #credentials = new Map<string, HeldCredentials>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** Keeps what an origin asks for, so that the next request to it is authorized at once. */
  remember(origin: URL, header: string | undefined): Challenge | undefined {
    const challenge = preferred(parseChallenges(header ?? ''));
    if (challenge !== undefined) this.#challenges.set(origin.origin, challenge);
    return challenge;
  }

  /** The `Authorization` header for a request, as far as the origin's challenge is known already. */
  async header(
    target: AuthTarget,
    scopes: readonly string[],
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const challenge = this.#challenges.get(target.origin.origin);
    if (challenge === undefined) return undefined;
    return this.#answer(target, challenge, this.#widened.get(scopeKey(target, scopes)) ?? scopes, signal);
  }

  /** The header of a host that has not asked yet: there is one where the credentials are a password. */
  async basic(target: AuthTarget): Promise<string | undefined> {
    const credentials = await this.#credentialsOf(target);
    if (credentials === undefined || credentials.username === '' || credentials.password === '')
      return undefined;
    return basicHeader(credentials);
  }

  /**
   * The header to try after a 401 that `used` brought about; absent: nothing else can be tried. Throws
   * `UNAUTHORIZED` when credentials are needed and there are none, or when the token server rejects them.
   */
  async retryHeader(
    target: AuthTarget,
    scopes: readonly string[],
    header: string | undefined,
    used: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const challenge = this.remember(target.origin, header);
    if (challenge === undefined) return undefined;
    const asked = challenge.scheme === 'bearer' ? scopesOf(challenge) : [];
    const wanted = [...new Set([...scopes, ...asked])];
    this.#widened.set(scopeKey(target, scopes), wanted);
    if (used !== undefined) {
      const denied = challenge.parameters.get('error') === 'insufficient_scope';
      if (denied && wanted.length === scopes.length) return undefined;
      this.#forget(used);
    }
    const next = await this.#answer(target, challenge, wanted, signal);
    return next === used ? undefined : next;
  }

  async #answer(
    target: AuthTarget,
    challenge: Challenge,
    scopes: readonly string[],
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const credentials = await this.#credentialsOf(target);
    if (challenge.scheme === 'basic') {
      if (credentials === undefined || credentials.username === '')
        throw new WherryError('UNAUTHORIZED', 'no basic auth credentials', {
          hint: `log in with 'wherry login ${target.domain}'`,
        });
      return basicHeader(credentials);
    }
    if (credentials?.registryToken !== undefined) return `Bearer ${credentials.registryToken}`;
    const token = await this.#token(target, challenge, scopes, credentials, signal);
    return `Bearer ${token.value}`;
  }

  async #token(
    target: AuthTarget,
    challenge: Challenge,
    scopes: readonly string[],
    credentials: Credentials | undefined,
    signal?: AbortSignal,
  ): Promise<Token> {
    const realm = tokenRealm(target, challenge, credentials);
    const service = challenge.parameters.get('service') ?? '';
    const sorted = [...scopes].sort();
    const key = [realm.href, service, credentials?.username, credentials?.identityToken, ...sorted].join(
      '\n',
    );
    const now = this.#options.clock.now().getTime();
    const held = this.#tokens.get(key);
    if (held !== undefined && now < (held.refreshAt ?? Number.POSITIVE_INFINITY))
      return abortable(held.token, signal);
    // Shared by all who wait for it, so no single caller's signal may end it.
    const fetched = fetchToken(
      this.#options.send,
      { realm, service, scopes: sorted, credentials },
      this.#options.clock,
    );
    const entry: HeldToken = { token: fetched };
    this.#prune();
    this.#tokens.set(key, entry);
    fetched.then(
      ({ value, expiresAt }) => {
        entry.value = value;
        entry.refreshAt = now + (expiresAt - now) * USABLE_LIFETIME;
      },
      () => {
        if (this.#tokens.get(key) === entry) this.#tokens.delete(key);
      },
    );
    return abortable(fetched, signal);
  }

  #forget(used: string): void {
    for (const [key, { value }] of this.#tokens) {
      if (value !== undefined && `Bearer ${value}` === used) this.#tokens.delete(key);
    }
  }

  /** Kept for a while only: in a server that runs for weeks people log in and out meanwhile. */
  #credentialsOf({ domain, path }: AuthTarget): Promise<Credentials | undefined> {
    const key = `${domain}/${path ?? ''}`;
    const now = this.#options.clock.now().getTime();
    const held = this.#credentials.get(key);
    if (held !== undefined && now < held.until) return held.found;
    const found = this.#options.credentials.get(domain, path);
    this.#credentials.set(key, { found, until: now + CREDENTIALS_LIFETIME_MS });
    found.catch(() => this.#credentials.delete(key));
    return found;
  }

  /** Bounds what a server that sees many repositories remembers; all of it can be had again. */
  #prune(): void {
    const now = this.#options.clock.now().getTime();
    if (this.#tokens.size >= MAX_REMEMBERED) {
      for (const [key, { refreshAt }] of this.#tokens) if ((refreshAt ?? now) < now) this.#tokens.delete(key);
    }
    if (this.#credentials.size >= MAX_REMEMBERED) this.#credentials.clear();
    if (this.#widened.size >= MAX_REMEMBERED) this.#widened.clear();
    if (this.#challenges.size >= MAX_REMEMBERED) this.#challenges.clear();
  }
}

/** The token server of a bearer challenge. Throws `REGISTRY_ERROR` where a secret would travel in the clear. */
export function tokenRealm(
  target: AuthTarget,
  challenge: Challenge,
  credentials: Credentials | undefined,
): URL {
  const realm = URL.parse(challenge.parameters.get('realm') ?? '');
  if (realm === null || (realm.protocol !== 'https:' && realm.protocol !== 'http:'))
    throw new WherryError('REGISTRY_ERROR', `${target.origin.host}: no token server in its challenge`);
  if (credentials !== undefined && realm.protocol === 'http:' && target.origin.protocol === 'https:')
    throw new WherryError(
      'REGISTRY_ERROR',
      `${target.origin.host}: credentials would go unencrypted to its token server ${shownUrl(realm)}`,
    );
  realm.username = '';
  realm.password = '';
  return realm;
}

function preferred(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme }) => scheme === 'bearer') ??
    challenges.find(({ scheme }) => scheme === 'basic')
  );
}

function scopeKey({ origin }: AuthTarget, scopes: readonly string[]): string {
  return [origin.origin, ...scopes].join(' ');
}

function scopesOf(challenge: Challenge): string[] {
  return (challenge.parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
}
