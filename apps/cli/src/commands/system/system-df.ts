import type { DiskUsage } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { formatList } from '../../output/format.ts';
import { humanSize } from '../../output/human.ts';
import { TABLE } from '../../output/listing.ts';
import { buildCacheListing } from '../../output/rows/build-cache-row.ts';
import {
  DISK_USAGE_ITEM_LISTING,
  DISK_USAGE_LISTING,
  diskUsageFormat,
  TITLES,
  totalRow,
} from '../../output/rows/disk-usage-row.ts';

/** `wherry system df`: what the store takes of the disk. */
export async function run({ engine, flags, io }: CommandContext): Promise<number> {
  const usage = await (await engine()).diskUsage();
  const format = flags.string('format') || TABLE;
  if (!flags.bool('verbose')) {
    const rows = format === TABLE ? [...usage.groups, totalRow(usage)] : usage.groups;
    io.stdout.write(await formatList(diskUsageFormat(format), DISK_USAGE_LISTING, rows));
  } else if (format === TABLE) io.stdout.write(await details(usage));
  else await writeDetails(format, usage, io);
  return 0;
}

async function details({ groups, bytes, buildCache }: DiskUsage): Promise<string> {
  let text = '';
  for (const { type, items, bytes: size } of groups)
    if (type === 'build-cache')
      text += `Build cache usage: ${humanSize(size)}\n\n${await formatList(TABLE, buildCacheListing(new Date()), buildCache)}\n`;
    else
      text += `${TITLES[type]} space usage:\n\n${await formatList(TABLE, DISK_USAGE_ITEM_LISTING, items)}\n`;
  return `${text}Total: ${humanSize(bytes)}\n`;
}

/** As Docker, without a line end of its own. */
async function writeDetails(format: string, usage: DiskUsage, io: CommandContext['io']): Promise<void> {
  const [{ formatObject, parseFormat }, { templateText }, { diskUsageValue }] = await Promise.all([
    import('../../output/template.ts'),
    import('../../output/row-template.ts'),
    import('../../output/go-types/disk-usage.ts'),
  ]);
  const { text, fault } = formatObject(parseFormat(templateText(format)), diskUsageValue(usage));
  io.stdout.write(text);
  if (fault !== undefined) throw fault;
}
