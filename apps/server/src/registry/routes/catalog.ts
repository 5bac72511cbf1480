import type { CatalogBackend } from '../backend.ts';
import { sendList, writeList } from '../lists.ts';
import { cutPage, readPage } from '../paging.ts';
import { readingOf } from '../rights.ts';
import type { Handlers } from '../route.ts';

/** The list of repositories. Not of the OCI specification: Docker's registry HTTP API V2, "Catalog". */
export function catalogRoutes(backend: CatalogBackend): Handlers<'catalog'> {
  return {
    GET: async ({ request, reply }) => {
      const page = readPage(request, 'repositories');
      const wanted = { ...page, ...readingOf(request.caller), limit: page.limit + 1 };
      const found = await backend.listRepositories(wanted);
      return sendList(
        request,
        reply,
        writeList({ repositories: cutPage(found, page, '/v2/_catalog', reply) }),
      );
    },
  };
}
