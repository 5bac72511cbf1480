import { WherryError } from '@wherry/core';
import type { TagBackend } from '../backend.ts';
import { queryValue } from '../request.ts';
import type { Handlers } from '../route.ts';

/** Tags in one answer, whatever the client asks for; a `Link` leads to the rest. */
const MAX_PAGE = 10_000;

/** The list of a repository's tags, end-8. OCI distribution-spec v1.1, "Listing Tags". */
export function tagRoutes(backend: TagBackend): Handlers<'tags'> {
  return {
    GET: async ({ endpoint, request, reply }) => {
      const { name } = endpoint;
      const limit = readLimit(queryValue(request, 'n'));
      const last = queryValue(request, 'last');
      // One more than asked for tells whether a next page follows.
      const found = await backend.listTags(name, { limit: limit + 1, ...(last !== undefined && { last }) });
      if (!found) throw new WherryError('NAME_UNKNOWN', `repository name not known to registry: ${name}`);
      const tags = found.slice(0, limit);
      const next = tags.at(-1);
      if (found.length > limit && next !== undefined) {
        const query = new URLSearchParams({ n: String(limit), last: next });
        reply.header('link', `</v2/${name}/tags/list?${query}>; rel="next"`);
      }
      return reply.send({ name, tags });
    },
  };
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return MAX_PAGE;
  if (!/^\d{1,15}$/.test(text))
    throw new WherryError('INVALID_ARGUMENT', `invalid number of tags ${JSON.stringify(text.slice(0, 50))}`);
  return Math.min(Number(text), MAX_PAGE);
}
