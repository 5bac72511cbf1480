import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Endpoint, EndpointOf } from './endpoints.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One request at one endpoint; `reply` goes back once it is sent. */
export interface Exchange<E extends Endpoint = Endpoint> {
  readonly endpoint: E;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export type Handler<E extends Endpoint> = (exchange: Exchange<E>) => Promise<FastifyReply>;

/** What one endpoint does for each method it has. */
export type Handlers<K extends Endpoint['kind']> = Partial<Record<Method, Handler<EndpointOf<K>>>>;
