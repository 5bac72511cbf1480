import { type CredentialStore, serverHost } from '../config/credentials.ts';
import type { VerbOptions } from '../events.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { LoginRequest, LoginResult, StoredLogin } from './engine.ts';

export interface LoginDeps {
  readonly registry: Pick<RegistryClient, 'login'>;
  readonly credentials: CredentialStore;
}

const DOCKER_HUB = 'docker.io';

/** Tries credentials against a registry and keeps them. Throws `UNAUTHORIZED`, `UNREACHABLE`, `INVALID_CONFIG`. */
export async function login(
  deps: LoginDeps,
  request: LoginRequest,
  options: VerbOptions = {},
): Promise<LoginResult> {
  const { username, password, identityToken: known } = request;
  const server = request.server || DOCKER_HUB;
  const { identityToken = known } = await tryLogin(deps, request, options);
  const storedIn = await deps.credentials.store(
    server,
    identityToken ? { username, password: '', identityToken } : { username, password },
  );
  return { storedIn };
}

/** Tries credentials against a registry. Throws `UNAUTHORIZED`, `UNREACHABLE`. */
export async function tryLogin(
  { registry }: Pick<LoginDeps, 'registry'>,
  { server, username, password, identityToken }: LoginRequest,
  { signal }: VerbOptions = {},
): Promise<{ readonly identityToken?: string }> {
  const secret = identityToken ? { identityToken } : password;
  return await registry.login(domainOf(server || DOCKER_HUB), username, secret, signal);
}

/** Forgets the credentials for a registry; that there are none is fine. */
export async function logout(
  deps: Pick<LoginDeps, 'credentials'>,
  server: string = DOCKER_HUB,
): Promise<void> {
  await deps.credentials.erase(server);
}

/** The credentials that are kept for a server. */
export async function storedLogin(
  deps: Pick<LoginDeps, 'credentials'>,
  server: string = DOCKER_HUB,
): Promise<StoredLogin | undefined> {
  const found = await deps.credentials.get(domainOf(server));
  if (!found) return undefined;
  const { username, password, identityToken } = found;
  return { username, password, ...(identityToken && { identityToken }) };
}

/** What was typed may carry a scheme and a path. */
function domainOf(server: string): string {
  const host = serverHost(server);
  return host === 'index.docker.io' || host === 'registry-1.docker.io' || host === '' ? DOCKER_HUB : host;
}
