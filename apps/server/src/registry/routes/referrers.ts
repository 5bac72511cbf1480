import type { ReferrerBackend } from '../backend.ts';
import { sendList, writeList } from '../lists.ts';
import { nextPage, readPage } from '../paging.ts';
import { queryValue, requireDigest } from '../request.ts';
import type { Handlers } from '../route.ts';

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

/** What refers to a manifest, end-12. OCI distribution-spec v1.1, "Listing Referrers". */
export function referrerRoutes(backend: ReferrerBackend): Handlers<'referrers'> {
  return {
    GET: async ({ endpoint, request, reply }) => {
      const { name, digest } = endpoint;
      const subject = requireDigest(digest);
      const artifactType = queryValue(request, 'artifactType');
      const page = readPage(request, 'referrers');
      const wanted = { ...page, repository: name, subject, ...(artifactType && { artifactType }) };
      const { referrers, hasMore } = await backend.listReferrers(wanted);
      if (artifactType) reply.header('oci-filters-applied', 'artifactType');
      const last = referrers.at(-1)?.digest;
      if (hasMore && last !== undefined) {
        const others = artifactType ? { artifactType } : {};
        nextPage(reply, `/v2/${name}/referrers/${subject}`, { ...others, n: String(page.limit), last });
      }
      const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: referrers };
      return sendList(request, reply.type(INDEX_TYPE), writeList(index));
    },
  };
}
