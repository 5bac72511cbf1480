import type { SearchResult } from '@wherry/core';
import type { Listing } from '../listing.ts';
import { ellipsis } from '../width.ts';

const DESCRIPTION_CELLS = 45;

/** The list of repositories that a search found. docker/cli, `registry.searchContext`. */
export function searchListing({ noTrunc }: { readonly noTrunc: boolean }): Listing<SearchResult> {
  return {
    goType: 'registry.searchContext',
    fields: {
      Description: ({ description }) => {
        const line = description.replace(/[\r\n]/g, ' ');
        return noTrunc ? line : ellipsis(line, DESCRIPTION_CELLS);
      },
      IsOfficial: ({ isOfficial }) => (isOfficial ? '[OK]' : ''),
      Name: ({ name }) => name,
      StarCount: ({ starCount }) => String(starCount),
    },
    jsonFields: { IsOfficial: ({ isOfficial }) => String(isOfficial) },
    headings: { Description: 'DESCRIPTION', IsOfficial: 'OFFICIAL', Name: 'NAME', StarCount: 'STARS' },
    table: ['Name', 'Description', 'StarCount', 'IsOfficial'],
  };
}
