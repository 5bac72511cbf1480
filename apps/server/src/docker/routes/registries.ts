import { isWherryError, parseReference } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { registryVerbs, withRegistryStatus } from '../images/caller-registry.ts';
import { readJsonObject } from '../wire/json-body.ts';
import { pageNotFound } from './absent.ts';

type Backend = Pick<EngineBackend, 'tryLogin' | 'withCredentials'>;

/** What is asked of registries: whether credentials are right, and what a name points at. */
export function registryRoutes(app: FastifyInstance, backend: Backend): void {
  app.post('/auth', async (request) => tryCredentials(backend, request));
  app.get('/distribution/*', async (request, reply) => {
    const path = (request.params as { readonly '*': string })['*'];
    if (!path.endsWith('/json')) return pageNotFound(reply);
    return await describe(backend, path.slice(0, -'/json'.length), request);
  });
}

/** Nothing is kept: the client keeps what it is told. */
async function tryCredentials(backend: Backend, request: FastifyRequest): Promise<object> {
  const body = await readJsonObject(request);
  const text = (name: string) => (typeof body[name] === 'string' ? body[name] : '');
  const [server, identityToken] = [text('serveraddress'), text('identitytoken')];
  const login = {
    username: text('username'),
    password: text('password'),
    ...(server !== '' && { server }),
    ...(identityToken !== '' && { identityToken }),
  };
  const { identityToken: given = '' } = await orRefused(() => backend.tryLogin(login));
  return { IdentityToken: given, Status: 'Login Succeeded' };
}

/** As Docker: 401 where a token server refuses, 500 where the registry itself does. */
async function orRefused<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isWherryError(error, 'UNAUTHORIZED') && error.details.url !== undefined)
      throw new ApiError(500, error.message);
    throw error;
  }
}

async function describe(backend: Backend, name: string, request: FastifyRequest): Promise<object> {
  const ref = parseReference(name);
  const verbs = registryVerbs(backend, request, ref.domain);
  const { descriptor, platforms } = await withRegistryStatus(403, () => verbs.describeRemote({ ref }));
  const { mediaType, digest, size } = descriptor;
  return {
    Descriptor: { mediaType, digest, size },
    Platforms: platforms.map(({ architecture, os, osVersion, variant }) => ({
      architecture,
      os,
      ...(osVersion !== undefined && { 'os.version': osVersion }),
      ...(variant !== undefined && { variant }),
    })),
  };
}
