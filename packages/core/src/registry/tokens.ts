import { collect } from '../bytes/collect.ts';
import type { Clock } from '../clock.ts';
import type { Credentials } from '../config/credentials.ts';
import { WherryError } from '../errors.ts';
import { problemError, readProblem } from './docker-errors.ts';
import type { HttpRequest, HttpResponse } from './transport.ts';
import { shownUrl } from './urls.ts';

const MAX_TOKEN_RESPONSE_BYTES = 1024 * 1024;
const DEFAULT_LIFETIME_SECONDS = 60;
const CLIENT_ID = 'wherry';

/** What a token is asked for. */
export interface TokenRequest {
  readonly realm: URL;
  readonly service: string;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** Also ask for a refresh token. */
  readonly offline?: boolean;
}

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly refreshToken?: string;
}

export type Send = (request: HttpRequest, signal?: AbortSignal) => Promise<HttpResponse>;

/** Answers to a POST that mean the token server only knows GET. */
const FALL_BACK_STATUSES: ReadonlySet<number> = new Set([400, 401, 404, 405]);

/**
 * Asks a token server: OAuth2 POST first when there is a secret, then GET. Throws what the server says:
 * `UNAUTHORIZED` for wrong credentials. DD `spec/auth/token.md`, `oauth.md`.
 */
export async function fetchToken(
  send: Send,
  request: TokenRequest,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Token> {
  if (request.credentials !== undefined) {
    const posted = await send(postRequest(request, request.credentials), signal);
    if (posted.status === 200) return readToken(posted, request, clock);
    // A refresh token has no GET form: the POST's answer stands.
    const final = !FALL_BACK_STATUSES.has(posted.status) || request.credentials.identityToken !== undefined;
    if (final) throw problemError(await readProblem(posted));
    await posted[Symbol.asyncDispose]();
  }
  const got = await send(getRequest(request), signal);
  if (got.status === 200) return readToken(got, request, clock);
  throw problemError(await readProblem(got));
}

function postRequest(request: TokenRequest, credentials: Credentials): HttpRequest {
  const form = new URLSearchParams({ service: request.service, client_id: CLIENT_ID });
  if (request.scopes.length > 0) form.set('scope', request.scopes.join(' '));
  if (credentials.identityToken !== undefined) {
    form.set('grant_type', 'refresh_token');
    form.set('refresh_token', credentials.identityToken);
  } else {
    form.set('grant_type', 'password');
    form.set('username', credentials.username);
    form.set('password', credentials.password);
    if (request.offline === true) form.set('access_type', 'offline');
  }
  const body = new TextEncoder().encode(form.toString());
  return {
    method: 'POST',
    url: request.realm,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'content-length': String(body.length),
    },
    async *body() {
      yield body;
    },
  };
}

function getRequest({ realm, service, scopes, credentials, offline }: TokenRequest): HttpRequest {
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credentials === undefined) return { method: 'GET', url };
  url.searchParams.set('account', credentials.username);
  url.searchParams.set('client_id', CLIENT_ID);
  if (offline === true) url.searchParams.set('offline_token', 'true');
  return { method: 'GET', url, headers: { authorization: basicHeader(credentials) } };
}

/** `Basic` with name and password. RFC 7617. */
export function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function readToken(response: HttpResponse, request: TokenRequest, clock: Clock): Promise<Token> {
  await using open = response;
  const bytes = await collect(open.body, MAX_TOKEN_RESPONSE_BYTES);
  const document = parsed(bytes);
  const value = document.token ?? document.access_token;
  // A token becomes a header: what could end the header must not pass.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    throw new WherryError(
      'REGISTRY_ERROR',
      `${shownUrl(request.realm)}: authorization server did not include a token in the response`,
    );
  const { expires_in: lifetime, refresh_token: refreshToken } = document;
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME_SECONDS;
  return {
    value,
    expiresAt: clock.now().getTime() + seconds * 1000,
    ...(typeof refreshToken === 'string' && refreshToken !== '' ? { refreshToken } : {}),
  };
}

function parsed(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
