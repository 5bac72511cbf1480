import type { TagFate } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** The list of tags with what becomes of them. */
export const TAG_FATE_LISTING: Listing<TagFate> = {
  goType: 'formatter.tagFateContext',
  fields: {
    Digest: ({ digest }) => digest,
    Fate: ({ isKept }) => (isKept ? 'kept' : 'removed'),
    PushedAt: ({ pushedAt }) => pushedAt.toISOString(),
    Reason: ({ reason }) => reason,
    Repository: ({ repository }) => repository,
    Tag: ({ tag }) => tag,
  },
  headings: {
    Digest: 'DIGEST',
    Fate: 'FATE',
    PushedAt: 'PUSHED',
    Reason: 'REASON',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
  },
  table: ['Repository', 'Tag', 'PushedAt', 'Fate', 'Reason'],
};
