import { type CopyResult, formatCopyPlace } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** What a copy left at its target. The size is the manifest's, in bytes. */
export const COPY_LISTING: Listing<CopyResult> = {
  goType: 'formatter.copyContext',
  fields: {
    Digest: ({ descriptor }) => descriptor.digest,
    Size: ({ descriptor }) => String(descriptor.size),
    Target: ({ target }) => formatCopyPlace(target),
  },
  headings: { Digest: 'DIGEST', Size: 'SIZE', Target: 'TARGET' },
  table: ['Target', 'Digest', 'Size'],
};
