import { WherryError } from '@wherry/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { queryValue } from './request.ts';

/** Entries in one answer, whatever the client asks for; a `Link` leads to the rest. */
const MAX_PAGE = 10_000;

/** The part of a list that a client asks for. */
export interface Page {
  readonly limit: number;
  readonly last?: string;
}

/** Reads `n` and `last`. `what` names the entries. Throws `INVALID_ARGUMENT`. OCI distribution-spec v1.1, "Listing Tags". */
export function readPage(request: FastifyRequest, what: string): Page {
  const last = queryValue(request, 'last');
  return { limit: readLimit(queryValue(request, 'n'), what), ...(last !== undefined && { last }) };
}

/**
 * Cuts a page from `found`, which has one entry more than the page where another follows; then says in a
 * `Link` where, below `path`.
 */
export function cutPage(found: readonly string[], { limit }: Page, path: string, reply: FastifyReply) {
  const entries = found.slice(0, limit);
  const next = entries.at(-1);
  if (found.length > limit && next !== undefined) {
    nextPage(reply, path, { n: String(limit), last: next });
  }
  return entries;
}

/** Says in a `Link` where the next page is. */
export function nextPage(reply: FastifyReply, path: string, query: Readonly<Record<string, string>>): void {
  reply.header('link', `<${path}?${new URLSearchParams(query)}>; rel="next"`);
}

function readLimit(text: string | undefined, what: string): number {
  if (text === undefined) return MAX_PAGE;
  if (!/^\d{1,15}$/.test(text))
    throw new WherryError(
      'INVALID_ARGUMENT',
      `invalid number of ${what} ${JSON.stringify(text.slice(0, 50))}`,
    );
  return Math.min(Number(text), MAX_PAGE);
}
