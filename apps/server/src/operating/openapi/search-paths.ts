import { failure, INTEGER, json, type Operation, type Paths, type Schema, schemaRef, TEXT } from './parts.ts';

const RESULT: Schema = {
  type: 'object',
  properties: {
    name: TEXT,
    description: TEXT,
    star_count: INTEGER,
    is_official: { type: 'boolean' },
    is_automated: { type: 'boolean' },
  },
  required: ['name'],
};

/** Of the API before `/v2/`, as Docker's client searches a registry; `registry/routes/search.ts` serves them. */
export const SEARCH_PATHS: Paths = {
  '/v1/_ping': {
    get: {
      ...about('pingSearch', 'Whether there is a search'),
      responses: {
        200: {
          description: 'There is',
          headers: { 'x-docker-registry-standalone': { schema: TEXT } },
          content: json({ type: 'object', properties: { standalone: { type: 'boolean' } } }),
        },
      },
    },
  },
  '/v1/search': {
    get: {
      ...about('search', 'Repositories with a text in their names, as `docker search` asks'),
      parameters: [
        { name: 'q', in: 'query', description: 'The text, in any case', schema: TEXT },
        {
          ...{ name: 'n', in: 'query', description: 'At most so many' },
          schema: { ...INTEGER, minimum: 1, maximum: 100, default: 25 },
        },
      ],
      responses: {
        200: {
          description: 'Those that the caller may pull, in the order of their names',
          content: json(schemaRef('SearchResults')),
        },
        400: failure('So many are not to be had'),
        401: failure('Credentials are wanted'),
      },
    },
  },
};

/** What the search answers. */
export const SEARCH_SCHEMAS: Readonly<Record<string, Schema>> = {
  SearchResults: {
    type: 'object',
    properties: {
      query: TEXT,
      num_results: INTEGER,
      num_pages: INTEGER,
      page: INTEGER,
      page_size: INTEGER,
      results: { type: 'array', items: RESULT },
    },
    required: ['query', 'num_results', 'results'],
  },
};

function about(operationId: string, summary: string): Omit<Operation, 'responses'> {
  return { operationId, summary, tags: ['registry'] };
}
