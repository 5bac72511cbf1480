import { type ConvertResult, familiarName } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** An image in its new form; its digest is the manifest's. */
export const CONVERTED_LISTING: Listing<ConvertResult> = {
  goType: 'formatter.convertedContext',
  fields: {
    Digest: ({ target }) => target.digest,
    ID: ({ id }) => id,
    Name: ({ ref }) => (ref === undefined ? '' : familiarName(ref)),
  },
  headings: { Digest: 'DIGEST', ID: 'IMAGE ID', Name: 'NAME' },
  absent: { Name: '<none>' },
  table: ['Name', 'ID', 'Digest'],
};
