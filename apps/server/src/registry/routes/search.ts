import { WherryError } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SearchBackend } from '../backend.ts';
import { queryValue } from '../request.ts';
import { readingOf } from '../rights.ts';

export const SEARCH_PATH = '/v1/search';
const DEFAULT_RESULTS = 25;
const MAX_RESULTS = 100;
/** No name is longer. */
const MAX_TERM_LENGTH = 255;

/**
 * Adds the search that `docker search host/term` asks for: of the API before `/v2/`, which Docker's registry
 * has none of. MOBY `daemon/pkg/registry/search.go`; `_ping` is how Docker finds out that there is one.
 */
export function registerSearch(app: FastifyInstance, backend: SearchBackend): void {
  app.get('/v1/_ping', async (_request, reply) =>
    reply.header('x-docker-registry-standalone', 'true').send({ standalone: true }),
  );
  app.get(SEARCH_PATH, async (request, reply) => {
    const query = (queryValue(request, 'q') ?? '').slice(0, MAX_TERM_LENGTH);
    const size = readSize(request);
    const term = query.toLowerCase();
    const found = await backend.searchRepositories(term, { ...readingOf(request.caller), limit: size + 1 });
    const results = found.slice(0, size).map((name) => ({
      name,
      description: '',
      star_count: 0,
      is_official: false,
      is_automated: false,
    }));
    return reply.send({
      query,
      num_results: results.length,
      num_pages: found.length > size ? 2 : 1,
      page: 1,
      page_size: size,
      results,
    });
  });
}

function readSize(request: FastifyRequest): number {
  const text = queryValue(request, 'n') ?? String(DEFAULT_RESULTS);
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= MAX_RESULTS) return size;
  throw new WherryError(
    'INVALID_ARGUMENT',
    `number of results ${JSON.stringify(text.slice(0, 50))} is outside the range of [1, ${MAX_RESULTS}]`,
  );
}
