import type { DiskUsage, DiskUsageGroup, DiskUsageItem } from '@wherry/core';
import { humanSize } from '../human.ts';
import { type Listing, RAW } from '../listing.ts';

export const TITLES = {
  images: 'Images',
  containers: 'Containers',
  volumes: 'Local Volumes',
  'build-cache': 'Build Cache',
  'partial-downloads': 'Partial Downloads',
  registry: 'Registry',
  orphans: 'Orphans',
  metadata: 'Metadata',
} as const satisfies Record<DiskUsageGroup['type'], string>;

/** What the groups are together, in the plain table alone: who adds rows up must not count it twice. */
export type TotalRow = Pick<DiskUsageGroup, 'bytes' | 'reclaimableBytes'> & { readonly type: 'total' };
export type DiskUsageRow = DiskUsageGroup | TotalRow;

export function totalRow({ groups, bytes }: DiskUsage): TotalRow {
  const reclaimableBytes = groups.reduce((sum, group) => sum + group.reclaimableBytes, 0);
  return { type: 'total', bytes, reclaimableBytes };
}

/** The list of what takes room. docker/cli, `formatter.diskUsageImagesContext` and its like. */
export const DISK_USAGE_LISTING: Listing<DiskUsageRow> = {
  goType: 'formatter.diskUsageImagesContext',
  fields: {
    Active: (row) => (row.type === 'total' ? '' : String(row.active)),
    // Docker tells no share of the build cache.
    Reclaimable: ({ type, bytes, reclaimableBytes }) =>
      type === 'build-cache' ? humanSize(reclaimableBytes) : share(reclaimableBytes, bytes),
    Size: ({ bytes }) => humanSize(bytes),
    TotalCount: (row) => (row.type === 'total' ? '' : String(row.total)),
    Type: (row) => (row.type === 'total' ? 'Total' : TITLES[row.type]),
  },
  headings: {
    Active: 'ACTIVE',
    Reclaimable: 'RECLAIMABLE',
    Size: 'SIZE',
    TotalCount: 'TOTAL',
    Type: 'TYPE',
  },
  table: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
};

/** The list of what is in a group. */
export const DISK_USAGE_ITEM_LISTING: Listing<DiskUsageItem> = {
  goType: 'formatter.diskUsageItemContext',
  fields: {
    Name: ({ name }) => name,
    Reclaimable: ({ reclaimableBytes }) => humanSize(reclaimableBytes),
    Size: ({ bytes }) => humanSize(bytes),
  },
  headings: { Name: 'NAME', Reclaimable: 'RECLAIMABLE', Size: 'SIZE' },
  table: ['Name', 'Size', 'Reclaimable'],
};

const RAW_LINES = [
  'type: {{.Type}}',
  'total: {{.TotalCount}}',
  'active: {{.Active}}',
  'size: {{.Size}}',
  'reclaimable: {{.Reclaimable}}',
  '',
];

/** The format in full. docker/cli, `formatter.NewDiskUsageFormat`. */
export function diskUsageFormat(source: string): string {
  return source === RAW ? RAW_LINES.join('\n') : source;
}

function share(part: number, whole: number): string {
  return whole === 0 ? humanSize(part) : `${humanSize(part)} (${Math.trunc((part * 100) / whole)}%)`;
}
