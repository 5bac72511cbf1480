import type { CollectedItem } from '@wherry/core';
import { humanSize } from '../human.ts';
import type { Listing } from '../listing.ts';

/** The list of what a collection took. */
export const COLLECTED_LISTING: Listing<CollectedItem> = {
  goType: 'formatter.collectedContext',
  fields: {
    Kind: ({ kind }) => kind,
    Size: ({ bytes }) => humanSize(bytes),
    Subject: ({ subject }) => subject,
  },
  headings: { Kind: 'KIND', Size: 'SIZE', Subject: 'SUBJECT' },
  table: ['Kind', 'Size', 'Subject'],
};
