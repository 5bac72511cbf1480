import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesEtag } from './headers.ts';
import { sendSmall } from './send-small.ts';

/** A list as it is sent. */
export interface WrittenList {
  readonly text: string;
  readonly etag: string;
}

export function writeList(list: object): WrittenList {
  const text = JSON.stringify(list);
  return { text, etag: `"${hash('sha1', text, 'base64url')}"` };
}

/** Sends a list as JSON, or says that the client has it already. A type that is set stays. */
export function sendList(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, etag }: WrittenList,
): FastifyReply {
  reply.header('etag', etag);
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (!reply.hasHeader('content-type')) reply.type('application/json; charset=utf-8');
  return sendSmall(reply, text);
}
