import type { RemovalEvent } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** What a removal did, step by step: to a name (`untagged`) or to an image (`deleted`). */
export const REMOVAL_LISTING: Listing<RemovalEvent> = {
  goType: 'formatter.removalContext',
  fields: {
    Action: (event) => ('untagged' in event ? 'untagged' : 'deleted'),
    Image: (event) => ('untagged' in event ? event.untagged : event.deleted),
  },
  headings: { Action: 'ACTION', Image: 'IMAGE' },
  table: ['Action', 'Image'],
};
