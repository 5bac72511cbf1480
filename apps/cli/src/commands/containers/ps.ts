import type { ContainerSummary } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { formatList } from '../../output/format.ts';
import { type Listing, RAW, TABLE } from '../../output/listing.ts';
import { containerFormat, containerListing } from '../../output/rows/container-row.ts';

/** `wherry ps`: the containers that run, or all of them. */
export async function run({ engine, flags, io }: CommandContext): Promise<number> {
  const [quiet, size] = [flags.bool('quiet'), flags.bool('size')];
  const chosen = flags.string('format') || TABLE;
  if (quiet && flags.string('format'))
    io.stderr.write('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
  const last = lastFlag(flags);
  const filters = flags.filter('filter');
  const listing = containerListing({ noTrunc: flags.bool('no-trunc'), size, now: io.now() });
  const asksForSize = await wantsSize(chosen, listing);
  const { containers } = await engine();
  const rows = await containers.list({
    ...(flags.bool('all') && { all: true }),
    ...(last !== undefined && { last }),
    ...(filters.length > 0 && { filters }),
    ...((size || asksForSize) && { sizes: true }),
  });
  const format = quiet && chosen !== RAW ? TABLE : chosen;
  io.stdout.write(await formatList(containerFormat(format, { quiet, size }), listing, rows));
  return 0;
}

/** To measure takes time: it is done where it shows. */
async function wantsSize(format: string, listing: Listing<ContainerSummary>): Promise<boolean> {
  if (!format.includes('{{')) return false;
  const { placeholdersOf } = await import('../../output/row-template.ts');
  return placeholdersOf(format, listing).has('Size');
}

function lastFlag(flags: Flags): number | undefined {
  if (flags.bool('latest')) return 1;
  const last = flags.int('last');
  if (last === undefined || last === -1) return undefined;
  if (last < 0) throw new CommandError(`--last is ${last}, want -1 or more`);
  return last === 0 ? undefined : last;
}
