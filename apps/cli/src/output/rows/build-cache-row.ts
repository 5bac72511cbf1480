import { type BuildCacheEntry, humanAge } from '@wherry/core';
import { goTimePrinter } from '../go-time.ts';
import { humanSize } from '../human.ts';
import { type Listing, TABLE } from '../listing.ts';
import { oneLine } from '../printable.ts';

const SHORT_ID = 12;

/** The list of what is in the build cache. docker/cli, `formatter.buildCacheContext`. */
export function buildCacheListing(now: Date): Listing<BuildCacheEntry> {
  const goTime = goTimePrinter();
  return {
    goType: 'formatter.buildCacheContext',
    fields: {
      CacheType: ({ type }) => type,
      CreatedAt: ({ createdAt }) => goTime(createdAt),
      CreatedSince: ({ createdAt }) => humanAge(createdAt, now),
      Description: ({ description }) => oneLine(description),
      ID: ({ id }) => id,
      InUse: ({ isInUse }) => String(isInUse),
      LastUsedAt: ({ lastUsedAt }) => goTime(lastUsedAt),
      LastUsedSince: ({ lastUsedAt }) => humanAge(lastUsedAt, now),
      Parent: ({ parent = '' }) => parent,
      Shared: ({ isShared }) => String(isShared),
      Size: ({ bytes }) => humanSize(bytes),
      UsageCount: ({ useCount }) => (useCount === undefined ? '' : String(useCount)),
    },
    jsonFields: { Description: ({ description }) => description },
    cells: { ID: ({ id }) => id.slice(0, SHORT_ID) },
    headings: {
      CacheType: 'CACHE TYPE',
      CreatedAt: 'CREATED AT',
      CreatedSince: 'CREATED',
      Description: 'DESCRIPTION',
      ID: 'CACHE ID',
      InUse: 'IN USE',
      LastUsedAt: 'LAST USED AT',
      LastUsedSince: 'LAST USED',
      Parent: 'PARENT',
      Shared: 'SHARED',
      Size: 'SIZE',
      UsageCount: 'USAGE',
    },
    table: ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'],
  };
}

const VERBOSE_LINES = [
  'ID:            {{.ID}}',
  'Created at:    {{.CreatedAt}}',
  'Last used:     {{.LastUsedAt}}',
  'Usage count:   {{.UsageCount}}',
  'Type:          {{.CacheType}}',
  'Size:          {{.Size}}',
  'In use:        {{.InUse}}',
  'Shared:        {{.Shared}}',
  'Parent:        {{.Parent}}',
  'Description:   {{.Description}}',
  '',
];

/** The format in full. */
export function buildCacheFormat(source: string, { verbose }: { readonly verbose: boolean }): string {
  return source === TABLE && verbose ? VERBOSE_LINES.join('\n') : source;
}
