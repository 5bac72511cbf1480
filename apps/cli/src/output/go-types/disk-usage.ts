import type { DiskUsage } from '@wherry/core';
import { type GoValue, pointer, slice, struct, typed } from '@wherry/gotemplate';
import { rowType } from '../row-template.ts';
import { DISK_USAGE_ITEM_LISTING, TITLES } from '../rows/disk-usage-row.ts';

/** Where Docker's name for the list is not the title in one word. */
const LISTS: Partial<Record<keyof typeof TITLES, string>> = { volumes: 'Volumes' };

/** What `wherry system df --verbose` tells, a list for each kind of thing: `.Images`, `.BuildCache`. */
export function diskUsageValue({ groups }: DiskUsage): GoValue {
  const item = rowType(DISK_USAGE_ITEM_LISTING, (text) => text);
  const named = groups.map(
    ({ type, items }) => [LISTS[type] ?? TITLES[type].replaceAll(' ', ''), items] as const,
  );
  const fields = Object.fromEntries(named.map(([name]) => [name, slice(item)]));
  return typed(pointer(struct('formatter.diskUsageContext', fields)), Object.fromEntries(named));
}
