import type { DiskUsage, DiskUsageGroup } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { humanSize } from '../output/human.ts';
import { formatTable } from '../output/table.ts';

const TITLES = {
  images: 'Images',
  containers: 'Containers',
  'build-cache': 'Build Cache',
  'partial-downloads': 'Partial Downloads',
  registry: 'Registry',
  orphans: 'Orphans',
  metadata: 'Metadata',
} as const satisfies Record<DiskUsageGroup['type'], string>;

/** `wherry system df`: what the store takes of the disk. */
export async function run({ engine, flags, io }: CommandContext): Promise<number> {
  const usage = await (await engine()).diskUsage();
  io.stdout.write(flags.bool('verbose') ? detailsOf(usage) : summaryOf(usage));
  return 0;
}

function summaryOf({ groups, bytes }: DiskUsage): string {
  const reclaimable = groups.reduce((sum, group) => sum + group.reclaimableBytes, 0);
  return formatTable([
    ['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'],
    ...groups.map((group) => [
      TITLES[group.type],
      String(group.total),
      String(group.active),
      humanSize(group.bytes),
      share(group.reclaimableBytes, group.bytes),
    ]),
    ['Total', '', '', humanSize(bytes), share(reclaimable, bytes)],
  ]);
}

function share(part: number, whole: number): string {
  return whole === 0 ? humanSize(part) : `${humanSize(part)} (${Math.trunc((part * 100) / whole)}%)`;
}

function detailsOf({ groups, bytes }: DiskUsage): string {
  const sections = groups.map(
    ({ type, items }) =>
      `${TITLES[type]} space usage:\n\n${formatTable([
        ['NAME', 'SIZE', 'RECLAIMABLE'],
        ...items.map((item) => [item.name, humanSize(item.bytes), humanSize(item.reclaimableBytes)]),
      ])}`,
  );
  return `${sections.join('\n')}\nTotal: ${humanSize(bytes)}\n`;
}
