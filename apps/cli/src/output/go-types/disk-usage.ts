import type { DiskUsage } from '@wherry/core';
import { type GoValue, pointer, slice, struct, typed } from '@wherry/gotemplate';
import { rowType } from '../row-template.ts';
import { DISK_USAGE_ITEM_LISTING, TITLES } from '../rows/disk-usage-row.ts';

/** What `wherry system df --verbose` tells, a list for each kind of thing: `.Images`, `.BuildCache`. */
export function diskUsageValue({ groups }: DiskUsage): GoValue {
  const item = rowType(DISK_USAGE_ITEM_LISTING, (text) => text);
  const named = groups.map(({ type, items }) => [TITLES[type].replaceAll(' ', ''), items] as const);
  const fields = Object.fromEntries(named.map(([name]) => [name, slice(item)]));
  return typed(pointer(struct('formatter.diskUsageContext', fields)), Object.fromEntries(named));
}
