import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventOrigin } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const CURRENT = new AsyncLocalStorage<FastifyRequest>();

/**
 * Lets whoever is called in the course of a request find out which it is. Not in that of one that only reads: there
 * are too many, and nobody is told of what they do but by `inRequest`.
 */
export function followRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') done();
    else CURRENT.run(request, done);
  });
}

/** Does `work` as a part of a request. */
export function inRequest<T>(request: FastifyRequest, work: () => T): T {
  return CURRENT.run(request, work);
}

/** Who makes the request that is being served, as notifications tell it; outside of one, nobody. */
export function requestOrigin(): EventOrigin {
  const request = CURRENT.getStore();
  return request === undefined ? {} : originOf(request);
}

/** Who makes a request, as notifications tell it. */
export function originOf(request: FastifyRequest): EventOrigin {
  // Null until somebody has said who it is.
  const name = (request.caller as FastifyRequest['caller'] | null)?.name;
  return {
    request: {
      id: String(request.id),
      addr: `${request.ip}:${request.socket.remotePort ?? 0}`,
      host: request.headers.host ?? '',
      method: request.method,
      useragent: request.headers['user-agent'] ?? '',
    },
    ...(name !== undefined && { actor: { name } }),
  };
}
