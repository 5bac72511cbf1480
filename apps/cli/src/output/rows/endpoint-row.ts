import type { Endpoint } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** The list of endpoints that are asked for an image, in their order. */
export const ENDPOINT_LISTING: Listing<Endpoint> = {
  goType: 'formatter.endpointContext',
  fields: {
    Reason: ({ reason }) => reason,
    Repository: ({ repository }) => repository,
    Role: ({ role }) => role,
    URL: endpointUrl,
  },
  headings: { Reason: 'REASON', Repository: 'REPOSITORY', Role: 'ROLE', URL: 'URL' },
  table: ['URL', 'Role', 'Reason'],
};

/** Where the repository is at the endpoint. */
export function endpointUrl({ url, repository }: Endpoint): string {
  return `${url.origin}/v2/${repository}`;
}
