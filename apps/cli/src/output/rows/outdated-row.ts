import { familiarName, familiarRepository, type OutdatedName, shortId } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** The list of tags that have moved in their registries. Only the plain table shortens digests. */
export const OUTDATED_LISTING: Listing<OutdatedName> = {
  goType: 'formatter.outdatedContext',
  fields: {
    Here: ({ here }) => here,
    Name: ({ ref }) => familiarName(ref),
    Registry: ({ registry }) => registry,
    Repository: ({ ref }) => familiarRepository(ref),
    Tag: ({ ref }) => ref.tag ?? '',
  },
  cells: { Here: ({ here }) => shortId(here), Registry: ({ registry }) => shortId(registry) },
  headings: {
    Here: 'HERE',
    Name: 'NAME',
    Registry: 'REGISTRY',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
  },
  table: ['Name', 'Here', 'Registry'],
};
