import { openHousekeeping, type RetentionRule } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import type { Flags } from '../../flags.ts';
import { chosenFormat, formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { DRY_RUN } from '../../output/pruned.ts';
import { TAG_FATE_LISTING } from '../../output/rows/tag-fate-row.ts';
import { durationFlag } from '../duration-flag.ts';

/** `wherry serve retention`: takes off the tags that no rule keeps, and tells of every tag why. */
export async function run({ args, flags, globals, io, signal }: CommandContext): Promise<number> {
  const format = await chosenFormat(flags, TAG_FATE_LISTING);
  const rule = ruleOf(args[0] ?? '', flags);
  const root = globals.string('root');
  const dryRun = flags.bool('dry-run');
  await using housekeeping = openHousekeeping({ env: io.env, ...(root !== undefined && { root }) });
  const { fates } = await housekeeping.applyRetention({ rules: [rule], dryRun }, { signal });
  io.stdout.write(format?.(fates) ?? (await formatList(TABLE, TAG_FATE_LISTING, fates)));
  if (dryRun) io.stderr.write(DRY_RUN);
  return 0;
}

function ruleOf(prefix: string, flags: Flags): RetentionRule {
  const keepNewest = flags.changed('keep-newest') ? flags.int('keep-newest') : undefined;
  const keepNewerThanMs = durationFlag(flags, 'keep-newer-than');
  return {
    prefix: prefix.replace(/\/+$/, ''),
    keepMatching: flags.list('keep-matching'),
    pinned: flags.list('pinned'),
    ...(keepNewest !== undefined && { keepNewest }),
    ...(keepNewerThanMs !== undefined && { keepNewerThanMs }),
  };
}
