import type { DiskUsage } from '@wherry/core';
import { type GoValue, pointer, slice, struct, typed } from '@wherry/gotemplate';
import { rowType } from '../row-template.ts';
import { buildCacheListing } from '../rows/build-cache-row.ts';
import { DISK_USAGE_ITEM_LISTING, TITLES } from '../rows/disk-usage-row.ts';

/** Where Docker's name for the list is not the title in one word. */
const LISTS: Partial<Record<keyof typeof TITLES, string>> = { volumes: 'Volumes' };

/** What `wherry system df --verbose` tells, a list for each kind of thing: `.Images`, `.BuildCache`. */
export function diskUsageValue({ groups, buildCache }: DiskUsage): GoValue {
  const item = rowType(DISK_USAGE_ITEM_LISTING, (text) => text);
  const cacheItem = rowType(buildCacheListing(new Date()), (text) => text);
  const named = groups.map(({ type, items }) => {
    const isCache = type === 'build-cache';
    const rows = { items: isCache ? buildCache : items, type: isCache ? cacheItem : item };
    return [LISTS[type] ?? TITLES[type].replaceAll(' ', ''), rows] as const;
  });
  const fields = Object.fromEntries(named.map(([name, rows]) => [name, slice(rows.type)]));
  return typed(
    pointer(struct('formatter.diskUsageContext', fields)),
    Object.fromEntries(named.map(([name, rows]) => [name, rows.items])),
  );
}
