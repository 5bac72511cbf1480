import type { RateLimit } from '@wherry/core';
import type { Listing } from '../listing.ts';

const UNKNOWN = '-';

/** What a registry still allows. */
export const RATE_LIMIT_LISTING: Listing<RateLimit> = {
  goType: 'formatter.rateLimitContext',
  fields: {
    Limit: ({ limit }) => limit?.toString() ?? '',
    Registry: ({ registry }) => registry,
    Remaining: ({ remaining }) => remaining?.toString() ?? '',
    Source: ({ source }) => source ?? '',
    Window: ({ windowSeconds }) => (windowSeconds === undefined ? '' : `${windowSeconds}s`),
  },
  headings: {
    Limit: 'LIMIT',
    Registry: 'REGISTRY',
    Remaining: 'REMAINING',
    Source: 'SOURCE',
    Window: 'WINDOW',
  },
  absent: { Limit: UNKNOWN, Remaining: UNKNOWN, Source: UNKNOWN, Window: UNKNOWN },
  table: ['Registry', 'Limit', 'Remaining', 'Window', 'Source'],
};
