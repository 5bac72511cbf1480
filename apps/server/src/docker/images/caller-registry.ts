import { type CredentialedVerbs, type GivenCredentials, isWherryError } from '@wherry/core';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { type RegistryAuth, readRegistryAuth } from '../wire/registry-auth.ts';

/**
 * The verbs that talk to registries, with the credentials that this request carries for `server` and no
 * others: what the service's own user has stored is not the client's.
 */
export function registryVerbs(
  backend: Pick<EngineBackend, 'withCredentials'>,
  request: Pick<FastifyRequest, 'headers'>,
  server: string,
): CredentialedVerbs {
  const auth = readRegistryAuth(request);
  if (!auth) return backend.withCredentials([]);
  // As Docker, for the registry that the request is about; and for the one that the client has them from.
  const servers = [...(auth.serverAddress === '' ? [] : [auth.serverAddress]), server];
  return backend.withCredentials(givenCredentials(servers.map((each) => [each, auth])));
}

/** Credentials by the server they are for, as core takes them. */
export function givenCredentials(
  auths: Iterable<readonly [server: string, auth: RegistryAuth]>,
): GivenCredentials[] {
  return [...auths].map(([server, { identityToken, password, registryToken, username }]) => ({
    ...{ server, username, password },
    ...(identityToken !== '' && { identityToken }),
    ...(registryToken !== '' && { registryToken }),
  }));
}

/**
 * Gives what a registry refused the status that Docker gives it: a 401 would make clients ask for a password
 * of this service. `denied`: what a refusal for good is.
 */
export async function withRegistryStatus<T>(denied: 403 | 404, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isWherryError(error, 'UNAUTHORIZED')) throw new ApiError(500, error.message);
    if (isWherryError(error, 'DENIED')) throw new ApiError(denied, error.message);
    throw error;
  }
}
