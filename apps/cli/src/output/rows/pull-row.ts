import { familiarName, type PullCheck, type PullResult } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** What was pulled, a row for each tag. */
export const PULL_LISTING: Listing<PullResult> = {
  goType: 'formatter.pullContext',
  fields: {
    Digest: ({ target }) => target.digest,
    ID: ({ imageId }) => imageId,
    Name: ({ ref }) => familiarName(ref),
    Status: ({ status }) => status,
  },
  headings: { Digest: 'DIGEST', ID: 'IMAGE ID', Name: 'NAME', Status: 'STATUS' },
  table: ['Name', 'Digest', 'Status'],
};

/** What a pull would find. */
export const PULL_CHECK_LISTING: Listing<PullCheck> = {
  goType: 'formatter.pullCheckContext',
  fields: {
    Name: ({ ref }) => familiarName(ref),
    Registry: ({ registry }) => registry,
    Status: ({ status }) => status,
  },
  headings: { Name: 'NAME', Registry: 'REGISTRY', Status: 'STATUS' },
  table: ['Name', 'Registry', 'Status'],
};
