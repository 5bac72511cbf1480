import type { Quotas, RegistryService } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseEndpoint } from '../registry/endpoints.ts';
import { contentLength } from '../registry/request.ts';

const UPLOADING: ReadonlySet<string> = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reserves room for what a client says it will send, before the first byte of it is read: `DENIED` then, where the
 * quota has no room. After the access rules, for who may not push is not to learn how full a repository is.
 */
export function reserveUploads(
  app: FastifyInstance,
  quotas: Pick<Quotas, 'reserve'>,
  { requireUpload }: Pick<RegistryService, 'requireUpload'>,
): void {
  app.addHook('preHandler', (request, _reply, done) => {
    if (UPLOADING.has(request.method) && request.url.startsWith('/v2/')) reserve(request);
    done();
  });
  const reserve = (request: FastifyRequest) => {
    const endpoint = endpointOf(request);
    const bytes = contentLength(request) ?? 0;
    if (endpoint?.kind === 'uploads') quotas.reserve(endpoint.name, bytes);
    if (endpoint?.kind !== 'upload') return;
    // Otherwise room would be reserved in a repository that the session is not of.
    requireUpload(endpoint.id, endpoint.name);
    quotas.reserve(endpoint.name, bytes, endpoint.id);
  };
}

function endpointOf(request: FastifyRequest): ReturnType<typeof parseEndpoint> {
  const { '*': path } = request.params as { '*'?: string };
  return path === undefined ? undefined : parseEndpoint(path);
}
