import { isWherryError } from '@wherry/core';
import type { FastifyRequest } from 'fastify';
import { type Endpoint, parseEndpoint } from '../registry/endpoints.ts';

/** Of requests that no route takes. */
const UNKNOWN = 'unknown';
/** podman's own API, with a version before it or without. */
const LIBPOD = /^\/(?:v:[^/]+\/)?libpod\//;

/**
 * The kind of thing a request is about, for metrics: `registry/blob`, `engine/containers`, `service/metrics`.
 * There are a few dozen at most, whatever clients ask for.
 */
export function routeClassOf(request: FastifyRequest): string {
  const { url } = request.routeOptions;
  if (url === undefined) return UNKNOWN;
  if (url === '/v2' || url === '/v2/*') {
    const { '*': path = '' } = request.params as { '*'?: string };
    return CLASS_OF_KIND[endpointKind(path) ?? UNKNOWN];
  }
  const [, first = ''] = url.split('/');
  if (url === '/token') return 'access/token';
  if (first === 'v1') return 'registry/search';
  if (LIBPOD.test(url)) return 'engine/libpod';
  return `${SERVICE_ROUTES.has(url) ? 'service' : 'engine'}/${first.startsWith(':') ? UNKNOWN : first}`;
}

/** Written out: a text that is put together has to be hashed anew for each request. */
const CLASS_OF_KIND = {
  base: 'registry/base',
  blob: 'registry/blob',
  manifest: 'registry/manifest',
  uploads: 'registry/uploads',
  upload: 'registry/upload',
  tags: 'registry/tags',
  referrers: 'registry/referrers',
  catalog: 'registry/catalog',
  [UNKNOWN]: 'registry/unknown',
} as const satisfies Record<Endpoint['kind'] | typeof UNKNOWN, string>;

function endpointKind(path: string): Endpoint['kind'] | undefined {
  try {
    return parseEndpoint(path)?.kind;
  } catch (error) {
    // A name outside the grammar, which the route has refused already.
    if (isWherryError(error, 'INVALID_REFERENCE')) return undefined;
    throw error;
  }
}

/** Paths of what the service says of itself. */
export const SERVICE_ROUTES: ReadonlySet<string> = new Set([
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
]);
