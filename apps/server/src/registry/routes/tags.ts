import { WherryError } from '@wherry/core';
import type { TagBackend } from '../backend.ts';
import { sendList, type WrittenList, writeList } from '../lists.ts';
import { onceThere } from '../once-there.ts';
import { cutPage, readPage } from '../paging.ts';
import type { Handlers } from '../route.ts';

/** The list of a repository's tags, end-8. OCI distribution-spec v1.1, "Listing Tags". */
export function tagRoutes(backend: TagBackend): Handlers<'tags'> {
  // The backend gives the same array for as long as nothing changes; each is of one repository and one page.
  const written = new WeakMap<readonly string[], WrittenList>();
  return {
    GET: ({ endpoint, request, reply }) => {
      const { name } = endpoint;
      const page = readPage(request, 'tags');
      return onceThere(backend.listTags(name, { ...page, limit: page.limit + 1 }), (found) => {
        if (!found) throw new WherryError('NAME_UNKNOWN', `repository name not known to registry: ${name}`);
        const tags = cutPage(found, page, `/v2/${name}/tags/list`, reply);
        const list = written.get(found) ?? writeList({ name, tags });
        written.set(found, list);
        return sendList(request, reply, list);
      });
    },
  };
}
