import { VERSION } from '@wherry/core';
import { ACCESS_PATHS } from './access-paths.ts';
import type { Operation, Paths, Schema } from './parts.ts';
import { REGISTRY_PATHS, REGISTRY_SCHEMAS } from './registry-paths.ts';
import { SEARCH_PATHS, SEARCH_SCHEMAS } from './search-paths.ts';
import { SERVICE_PATHS } from './service-paths.ts';
import { WEBHOOK_SCHEMAS, WEBHOOKS } from './webhooks.ts';

const SERVICE_SCHEMAS: Readonly<Record<string, Schema>> = {
  Status: {
    type: 'object',
    properties: {
      status: { type: 'string', enum: ['ok', 'ready', 'not ready'] },
      reasons: { type: 'array', items: { type: 'string' } },
    },
    required: ['status'],
  },
};

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Paths;
  /** What the service asks of others. */
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, Schema>>;
  };
}

/**
 * What the service offers besides the Engine API, which Docker describes.
 * OpenAPI Specification v3.1.
 */
export function openApiDocument(): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: {
      title: 'wherry',
      version: VERSION,
      description: 'An OCI registry, and what its service says of itself.',
    },
    // The empty one: without access control nobody is asked.
    security: [{}, { basic: [] }, { bearer: [] }],
    paths: { ...SERVICE_PATHS, ...ACCESS_PATHS, ...REGISTRY_PATHS, ...SEARCH_PATHS },
    webhooks: WEBHOOKS,
    components: {
      schemas: { ...SERVICE_SCHEMAS, ...REGISTRY_SCHEMAS, ...SEARCH_SCHEMAS, ...WEBHOOK_SCHEMAS },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}
