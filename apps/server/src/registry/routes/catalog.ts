import type { CatalogBackend } from '../backend.ts';
import { cutPage, readPage } from '../paging.ts';
import type { Handlers } from '../route.ts';

/** The list of repositories. Not of the OCI specification: Docker's registry HTTP API V2, "Catalog". */
export function catalogRoutes(backend: CatalogBackend): Handlers<'catalog'> {
  return {
    GET: async ({ request, reply }) => {
      const page = readPage(request, 'repositories');
      const found = await backend.listRepositories({ ...page, limit: page.limit + 1 });
      return reply.send({ repositories: cutPage(found, page, '/v2/_catalog', reply) });
    },
  };
}
