import { familiarName, type PushResult } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** What was pushed, a row for each tag. Sizes are those of the manifests, in bytes. */
export const PUSH_LISTING: Listing<PushResult> = {
  goType: 'formatter.pushContext',
  fields: {
    Digest: ({ target }) => target.digest,
    Name: ({ ref }) => familiarName(ref),
    Size: ({ target }) => String(target.size),
  },
  headings: { Digest: 'DIGEST', Name: 'NAME', Size: 'SIZE' },
  table: ['Name', 'Digest', 'Size'],
};
