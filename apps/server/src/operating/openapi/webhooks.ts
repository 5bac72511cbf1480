import { INTEGER, type Operation, type Parameter, type Schema, schemaRef, TEXT } from './parts.ts';

/** What the service sends to the endpoints of its settings; `housekeeping/webhook-request.ts` does. */
export const WEBHOOKS: Readonly<Record<string, { readonly post: Operation }>> = {
  events: {
    post: {
      operationId: 'tellEvents',
      summary: 'Tells of pushes, pulls and deletes, at least once and in order',
      tags: ['webhooks'],
      parameters: [
        header('x-wherry-timestamp', 'Seconds since 1970: what is old is to be refused'),
        header(
          'x-wherry-signature',
          '`sha256=HEX`, the HMAC of timestamp, dot and body by the secret, where there is one',
        ),
      ],
      requestBody: {
        required: true,
        content: {
          'application/vnd.docker.distribution.events.v1+json': { schema: schemaRef('EventEnvelope') },
        },
      },
      responses: { 200: { description: 'Heard; after any other answer it is told again' } },
      security: [],
    },
  },
};

/** What is told. */
export const WEBHOOK_SCHEMAS: Readonly<Record<string, Schema>> = {
  EventEnvelope: {
    type: 'object',
    properties: { events: { type: 'array', items: schemaRef('Event') } },
    required: ['events'],
  },
  Event: {
    type: 'object',
    properties: {
      id: TEXT,
      timestamp: { type: 'string', format: 'date-time' },
      action: { type: 'string', enum: ['push', 'pull', 'delete'] },
      target: {
        type: 'object',
        description: 'A manifest; a blob where its media type is application/octet-stream',
        properties: {
          repository: TEXT,
          digest: TEXT,
          mediaType: TEXT,
          size: INTEGER,
          length: INTEGER,
          tag: TEXT,
        },
        required: ['repository'],
      },
      request: {
        type: 'object',
        properties: { id: TEXT, addr: TEXT, host: TEXT, method: TEXT, useragent: TEXT },
      },
      actor: { type: 'object', properties: { name: TEXT } },
    },
    required: ['id', 'timestamp', 'action', 'target', 'request', 'actor'],
  },
};

function header(name: string, description: string): Parameter {
  return { name, in: 'header', description, schema: TEXT };
}
