import type { RemoteTag } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** The list of tags of the repository of this name. */
export function tagListing(
  repository: string,
  { digests }: { readonly digests: boolean },
): Listing<RemoteTag> {
  return {
    goType: 'formatter.tagContext',
    fields: {
      Digest: ({ digest }) => digest ?? '',
      Name: ({ tag }) => `${repository}:${tag}`,
      Repository: () => repository,
      Tag: ({ tag }) => tag,
    },
    headings: { Digest: 'DIGEST', Name: 'NAME', Repository: 'REPOSITORY', Tag: 'TAG' },
    absent: { Digest: '<none>' },
    table: ['Tag', ...(digests ? ['Digest'] : [])],
  };
}
