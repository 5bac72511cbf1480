import type { SearchResult } from '@wherry/core';
import type { Listing } from '../listing.ts';
import { ellipsis } from '../width.ts';

const DESCRIPTION_CELLS = 45;

/**
 * The list of repositories that a search found. Older clients of Docker had a column for automated builds, newer
 * ones have none: here a table has it when `results` has one. docker/cli, `registry.searchContext`.
 */
export function searchListing(
  results: readonly SearchResult[],
  { noTrunc }: { readonly noTrunc: boolean },
): Listing<SearchResult> {
  const hasAutomated = results.some(({ isAutomated }) => isAutomated);
  return {
    goType: 'registry.searchContext',
    fields: {
      Description: ({ description }) => {
        const line = description.replace(/[\r\n]/g, ' ');
        return noTrunc ? line : ellipsis(line, DESCRIPTION_CELLS);
      },
      IsAutomated: ({ isAutomated }) => (isAutomated ? '[OK]' : ''),
      IsOfficial: ({ isOfficial }) => (isOfficial ? '[OK]' : ''),
      Name: ({ name }) => name,
      StarCount: ({ starCount }) => String(starCount),
    },
    jsonFields: { IsOfficial: ({ isOfficial }) => String(isOfficial) },
    notInJson: ['IsAutomated'],
    headings: {
      Description: 'DESCRIPTION',
      IsAutomated: 'AUTOMATED',
      IsOfficial: 'OFFICIAL',
      Name: 'NAME',
      StarCount: 'STARS',
    },
    table: ['Name', 'Description', 'StarCount', 'IsOfficial', ...(hasAutomated ? ['IsAutomated'] : [])],
  };
}
