import { type CredentialedVerbs, parseReference, type Reference } from '@wherry/core';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { givenCredentials } from '../images/caller-registry.ts';
import { readRegistryAuth, readRegistryConfig } from '../wire/registry-auth.ts';
import { LibpodQuery } from './libpod-query.ts';

const REGISTRY_TRANSPORT = 'docker://';
const OTHER_TRANSPORT =
  /^(?:containers-storage|dir|docker-archive|docker-daemon|oci|oci-archive|ostree|sif|tarball):/;

/**
 * The verbs that talk to registries, with the credentials that this request carries and no others: podman sends
 * those for `server` alone, or all that it has, by server. With `tlsVerify=false` any certificate will do.
 */
export function callerVerbs(
  backend: Pick<EngineBackend, 'withCredentials'>,
  request: FastifyRequest,
  server: string,
): CredentialedVerbs {
  const auth = readRegistryAuth(request);
  const auths = auth ? [[server, auth] as const] : readRegistryConfig(request, 'x-registry-auth');
  const verifyTls = new LibpodQuery(request).flag('tlsverify', true);
  return backend.withCredentials(givenCredentials(auths), { verifyTls });
}

/** Reads a name in a registry, with podman's `docker://` or without. Other transports are files of the service's. */
export function registryReference(text: string): Reference {
  if (text.startsWith(REGISTRY_TRANSPORT)) return parseReference(text.slice(REGISTRY_TRANSPORT.length));
  if (OTHER_TRANSPORT.test(text))
    throw new ApiError(
      501,
      `${text}: images come from registries and go there, by docker://, and by save and load`,
    );
  return parseReference(text);
}
