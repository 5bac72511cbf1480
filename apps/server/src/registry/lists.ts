import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesEtag } from './headers.ts';

/** Sends a list as JSON, or says that the client has it already. A type that is set stays. */
export function sendList(request: FastifyRequest, reply: FastifyReply, list: object): FastifyReply {
  const text = JSON.stringify(list);
  const etag = `"${createHash('sha1').update(text).digest('base64url')}"`;
  reply.header('etag', etag);
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (!reply.hasHeader('content-type')) reply.type('application/json; charset=utf-8');
  // Fastify would add a charset to the type of a text.
  return reply.send(Buffer.from(text));
}
