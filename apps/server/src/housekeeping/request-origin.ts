import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventOrigin } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const CURRENT = new AsyncLocalStorage<FastifyRequest>();

/** Lets whoever is called in the course of a request find out which it is. */
export function followRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => CURRENT.run(request, done));
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
