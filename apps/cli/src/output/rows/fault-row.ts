import type { Fault } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** The list of a store's faults. */
export const FAULT_LISTING: Listing<Fault> = {
  goType: 'formatter.faultContext',
  fields: {
    Kind: ({ kind }) => kind,
    Message: ({ message }) => message,
    Repaired: ({ repaired }) => repaired ?? '',
    Subject: ({ subject }) => subject,
  },
  headings: { Kind: 'KIND', Message: 'MESSAGE', Repaired: 'REPAIRED', Subject: 'SUBJECT' },
  absent: { Repaired: '-' },
  table: ['Kind', 'Subject', 'Repaired', 'Message'],
};
