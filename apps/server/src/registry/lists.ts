import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesEtag } from './headers.ts';
import { sendSmall } from './send-small.ts';

/** Sends a list as JSON, or says that the client has it already. A type that is set stays. */
export function sendList(request: FastifyRequest, reply: FastifyReply, list: object): FastifyReply {
  const text = JSON.stringify(list);
  const etag = `"${hash('sha1', text, 'base64url')}"`;
  reply.header('etag', etag);
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (!reply.hasHeader('content-type')) reply.type('application/json; charset=utf-8');
  return sendSmall(reply, text);
}
