import { json, type Operation, type Paths, type Response, schemaRef, TEXT } from './parts.ts';

const DENIED: Response = { description: 'The caller is neither on this machine nor an administrator' };

/** Of what the service says of itself; `router.ts` serves it. */
export const SERVICE_PATHS: Paths = {
  '/healthz': {
    get: {
      ...about('getHealth', 'Whether the service answers'),
      responses: { 200: { description: 'It does', content: json(schemaRef('Status')) }, 403: DENIED },
    },
  },
  '/readyz': {
    get: {
      ...about('getReadiness', 'Whether the service can do its work'),
      responses: {
        200: { description: 'It can', content: json(schemaRef('Status')) },
        403: DENIED,
        503: { description: 'It cannot, for these reasons', content: json(schemaRef('Status')) },
      },
    },
  },
  '/metrics': {
    get: {
      ...about('getMetrics', 'What the service counts, for Prometheus'),
      responses: {
        200: { description: 'Metrics', content: { 'text/plain': { schema: TEXT } } },
        403: DENIED,
        404: { description: 'Nothing is counted' },
      },
    },
  },
  '/openapi.json': {
    get: {
      ...about('getOpenApi', 'This document'),
      responses: { 200: { description: 'An OpenAPI document', content: json({ type: 'object' }) } },
    },
  },
};

function about(operationId: string, summary: string): Omit<Operation, 'responses'> {
  return { operationId, summary, tags: ['service'], security: [] };
}
