import type { CommandContext } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';
import { formatList } from '../output/format.ts';
import { TABLE } from '../output/listing.ts';
import { containerFormat, containerListing } from '../output/rows/container-row.ts';

/** `wherry ps`: the containers that run, or all of them. */
export async function run({ engine, flags, io }: CommandContext): Promise<number> {
  const format = flags.string('format') || TABLE;
  const size = flags.bool('size');
  const last = lastFlag(flags);
  const filters = flags.filter('filter');
  const { containers } = await engine();
  const rows = await containers.list({
    ...(flags.bool('all') && { all: true }),
    ...(last !== undefined && { last }),
    ...(filters.length > 0 && { filters }),
    ...((size || format.includes('.Size')) && { sizes: true }),
  });
  const listing = containerListing({ noTrunc: flags.bool('no-trunc'), size, now: io.now() });
  io.stdout.write(
    await formatList(containerFormat(format, { quiet: flags.bool('quiet'), size }), listing, rows),
  );
  return 0;
}

function lastFlag(flags: Flags): number | undefined {
  if (flags.bool('latest')) return 1;
  const last = flags.int('last');
  if (last === undefined || last === -1) return undefined;
  if (last < 0) throw new CommandError(`--last is ${last}, want -1 or more`);
  return last === 0 ? undefined : last;
}
