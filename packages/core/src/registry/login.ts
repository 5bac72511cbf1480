import type { Clock } from '../clock.ts';
import type { Credentials } from '../config/credentials.ts';
import { isWherryError, WherryError } from '../errors.ts';
import { tokenRealm } from './auth.ts';
import { parseChallenges } from './challenge.ts';
import { statusText } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import type { RegistryHttp } from './registry-http.ts';
import { basicHeader, fetchToken } from './tokens.ts';
import { shownRequest, shownUrl } from './urls.ts';

/**
 * Tries a name and a password, or the identity token in its place, against `/v2/`. Throws `UNAUTHORIZED` when
 * they are refused. Gives the identity token that a token server hands out to be kept from now on.
 */
export async function login(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  credentials: Credentials,
  clock: Clock,
  signal?: AbortSignal,
): Promise<{ identityToken?: string }> {
  const base = await http.baseUrl(endpoint, signal);
  const url = new URL('/v2/', base);
  const ping = async (authorization?: string) => {
    const headers = authorization === undefined ? {} : { headers: { authorization } };
    const response = await http.sendPlain({ method: 'GET', url, ...headers }, signal);
    await response[Symbol.asyncDispose]();
    return response;
  };
  const first = await ping();
  if (first.status === 200) return {};
  if (first.status !== 401) throw refused(url, first.status);
  const challenges = parseChallenges(first.headers.get('www-authenticate') ?? '');
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer === undefined) {
    if (!challenges.some(({ scheme }) => scheme === 'basic')) throw refused(url, first.status);
    const second = await ping(basicHeader(credentials));
    if (second.status !== 200) throw refused(url, second.status);
    return {};
  }
  const target = { origin: base, domain: endpoint.domain };
  const request = {
    realm: tokenRealm(target, bearer, credentials),
    service: bearer.parameters.get('service') ?? '',
    scopes: [],
    credentials,
    offline: true,
  };
  try {
    const token = await fetchToken((sent, by) => http.sendPlain(sent, by), request, clock, signal);
    const second = await ping(`Bearer ${token.value}`);
    if (second.status !== 200) throw refused(url, second.status);
    return token.refreshToken === undefined ? {} : { identityToken: token.refreshToken };
  } catch (error) {
    if (!isWherryError(error, 'UNAUTHORIZED', 'DENIED') || error.details.url === shownUrl(url)) throw error;
    throw new WherryError('UNAUTHORIZED', `${shownRequest('GET', url)}: ${error.message}`, { cause: error });
  }
}

function refused(url: URL, status: number): WherryError {
  return new WherryError(
    status === 401 || status === 403 ? 'UNAUTHORIZED' : 'REGISTRY_ERROR',
    `login attempt to ${shownUrl(url)} failed with status: ${statusText(status)}`,
    { details: { status, url: shownUrl(url) } },
  );
}
