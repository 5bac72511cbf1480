import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Endpoint, EndpointOf } from './endpoints.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One request at one endpoint; `reply` goes back once it is sent. */
export interface Exchange<E extends Endpoint = Endpoint> {
  readonly endpoint: E;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Answers at once where it need not wait: a promise for each request is a good part of what a small one takes. */
export type Handler<E extends Endpoint> = (exchange: Exchange<E>) => FastifyReply | Promise<FastifyReply>;

/** What one endpoint does for each method it has. */
export type Handlers<K extends Endpoint['kind']> = Partial<Record<Method, Handler<EndpointOf<K>>>>;
