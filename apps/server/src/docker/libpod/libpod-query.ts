import type { FastifyRequest } from 'fastify';
import { Query } from '../wire/query.ts';

/** The parameters of a request's query, asked for in small letters: podman takes them in any case (gorilla/schema). */
export class LibpodQuery extends Query {
  constructor({ query }: Pick<FastifyRequest, 'query'>) {
    super({
      query: Object.fromEntries(
        Object.entries(query as object).map(([name, value]) => [name.toLowerCase(), value]),
      ),
    });
  }
}
