import { type CollectGarbageResult, openHousekeeping } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { chosenFormat, formatList } from '../../output/format.ts';
import { humanSize } from '../../output/human.ts';
import { TABLE } from '../../output/listing.ts';
import { DRY_RUN } from '../../output/pruned.ts';
import { COLLECTED_LISTING } from '../../output/rows/collected-row.ts';
import { durationFlag } from '../duration-flag.ts';

const UPLOAD_MAX_AGE_MS = 24 * 60 * 60 * 1000;

/** `wherry serve gc`: one collection, beside whatever else uses the store. */
export async function run({ flags, globals, io, signal }: CommandContext): Promise<number> {
  const format = await chosenFormat(flags, COLLECTED_LISTING);
  const root = globals.string('root');
  const trashGraceMs = durationFlag(flags, 'trash-grace') ?? 0;
  const dryRun = flags.bool('dry-run');
  await using housekeeping = openHousekeeping({ env: io.env, ...(root !== undefined && { root }) });
  const result = await housekeeping.collectGarbage(
    { dryRun, keepUntagged: !flags.bool('untagged'), trashGraceMs, uploadMaxAgeMs: UPLOAD_MAX_AGE_MS },
    { signal },
  );
  io.stdout.write(format?.(result.items) ?? (await report(result)));
  if (dryRun) io.stderr.write(DRY_RUN);
  return 0;
}

async function report({ items, trashedBytes, reclaimedBytes }: CollectGarbageResult): Promise<string> {
  const rows = items.length > 0 ? await formatList(TABLE, COLLECTED_LISTING, items) : '';
  return `${rows}Moved to the trash: ${humanSize(trashedBytes)}\nTotal reclaimed space: ${humanSize(reclaimedBytes)}\n`;
}
