import { createHash, randomUUID } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { isGood } from './long-lived-tokens.ts';
import { type Identity, nameOf, type Policy } from './policy.ts';
import type { Scope } from './scope.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Clock } from './time.ts';

/** What a token of ours says once it has been verified. */
export interface TokenClaims {
  readonly identity: Identity;
  readonly access: readonly Scope[];
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** RFC 3339. */
  readonly issuedAt: string;
}

export interface TokenServiceOptions {
  readonly keys: SigningKeys;
  /** What tokens name as their audience. */
  readonly service: string;
  /** In ms. */
  readonly tokenLifetime: number;
  readonly refreshLifetime: number;
  readonly clock: Clock;
}

const ISSUER = 'wherry';
const ACCESS_TYPE = 'JWT';
/** What is kept in the place of a password opens nothing itself. */
const REFRESH_TYPE = 'refresh+jwt';
const MS_PER_S = 1000;
/** Between several servers' clocks. */
const TOLERANCE_S = 10;

/** Issues and verifies the service's own tokens. distribution `spec/auth/jwt.md`. */
export class TokenService {
  readonly #options: TokenServiceOptions;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  get service(): string {
    return this.#options.service;
  }

  /** A token that opens what `access` says. */
  issue(identity: Identity, access: readonly Scope[]): Promise<IssuedToken> {
    const claims = { ...subjectOf(identity), access: access.map((scope) => ({ ...scope })) };
    return this.#sign(ACCESS_TYPE, claims, this.#options.tokenLifetime);
  }

  /** A token that stands for the password, until that is another or the account is gone. */
  async issueRefresh(identity: Identity, policy: Policy): Promise<string | undefined> {
    const stamp = stampOf(identity, policy);
    if (stamp === undefined) return undefined;
    const { token } = await this.#sign(
      REFRESH_TYPE,
      { ...subjectOf(identity), stamp },
      this.#options.refreshLifetime,
    );
    return token;
  }

  /** What an access token says; `undefined`: it is none of ours, or has ended, or its owner is gone. */
  async verify(token: string, policy: Policy): Promise<TokenClaims | undefined> {
    const claims = await this.#verified(token, ACCESS_TYPE);
    const identity = claims && identityOf(claims, policy, this.#options.clock());
    if (identity === undefined) return undefined;
    return { identity, access: claims?.access as readonly Scope[] };
  }

  /** Whom a refresh token stands for; `undefined` as `verify`. */
  async verifyRefresh(token: string, policy: Policy): Promise<Identity | undefined> {
    const claims = await this.#verified(token, REFRESH_TYPE);
    const identity = claims && identityOf(claims, policy, this.#options.clock());
    if (identity === undefined || claims?.stamp !== stampOf(identity, policy)) return undefined;
    return identity;
  }

  async #sign(typ: string, claims: JWTPayload, lifetime: number): Promise<IssuedToken> {
    const { clock, keys, service } = this.#options;
    const { kid, algorithm, privateKey } = await keys.current();
    const now = clock();
    const seconds = Math.floor(now / MS_PER_S);
    const expiresIn = Math.floor(lifetime / MS_PER_S);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ, kid })
      .setIssuer(ISSUER)
      .setAudience(service)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + expiresIn)
      .setJti(randomUUID())
      .sign(privateKey);
    return { token, expiresIn, issuedAt: new Date(seconds * MS_PER_S).toISOString() };
  }

  async #verified(token: string, typ: string): Promise<JWTPayload | undefined> {
    const { clock, keys, service } = this.#options;
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = kid === undefined ? undefined : await keys.find(kid);
      if (key === undefined) return undefined;
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.algorithm],
        audience: service,
        issuer: ISSUER,
        typ,
        clockTolerance: TOLERANCE_S,
        currentDate: new Date(clock()),
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
      throw error;
    }
  }
}

/** Whose name in a token's claims: nobody's is empty. */
function subjectOf(identity: Identity): JWTPayload {
  const sub = nameOf(identity) ?? '';
  return identity.kind === 'token' ? { sub, tokenId: identity.token.id } : { sub };
}

function identityOf({ sub, tokenId }: JWTPayload, policy: Policy, now: number): Identity | undefined {
  if (tokenId !== undefined) {
    const token = policy.tokens.find(({ id }) => id === tokenId);
    return token && isGood(token, now) ? { kind: 'token', token } : undefined;
  }
  if (sub === '' || sub === undefined) return { kind: 'anonymous' };
  return policy.accounts.has(sub) ? { kind: 'account', name: sub } : undefined;
}

/** Changes with the password, and says nothing about it. */
function stampOf(identity: Identity, policy: Policy): string | undefined {
  if (identity.kind === 'anonymous') return undefined;
  const secret = identity.kind === 'token' ? identity.token.hash : policy.accounts.get(identity.name);
  return secret && createHash('sha256').update(secret).digest('base64url');
}
