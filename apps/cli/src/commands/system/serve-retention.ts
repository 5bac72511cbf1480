import { openHousekeeping, type RetentionRule } from '@wherry/core';
import type { HousekeepingPlan } from '@wherry/server';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { chosenFormat, formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { DRY_RUN } from '../../output/pruned.ts';
import { TAG_FATE_LISTING } from '../../output/rows/tag-fate-row.ts';
import { durationFlag } from '../duration-flag.ts';
import { housekeepingPlan } from './housekeeping-plan.ts';

/** Of a rule, which the settings file has where it is named. */
const RULE_FLAGS = ['keep-matching', 'keep-newer-than', 'keep-newest', 'pinned'];

/** `wherry serve retention`: takes off the tags that no rule keeps, and tells of every tag why. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, globals, io, signal } = context;
  const format = await chosenFormat(flags, TAG_FATE_LISTING);
  const plan = await housekeepingPlan(context);
  const rules = plan ? rulesOf(plan, context) : [ruleOf(context.args[0] ?? '', flags)];
  const root = globals.string('root');
  const dryRun = flags.bool('dry-run');
  await using housekeeping = openHousekeeping({
    env: io.env,
    ...(root !== undefined && { root }),
    ...(plan && { notify: plan.notify }),
  });
  const { fates } = await housekeeping.applyRetention({ rules, dryRun }, { signal });
  io.stdout.write(format?.(fates) ?? (await formatList(TABLE, TAG_FATE_LISTING, fates)));
  if (dryRun) io.stderr.write(DRY_RUN);
  return 0;
}

function rulesOf({ rules }: HousekeepingPlan, { args, flags }: CommandContext): readonly RetentionRule[] {
  const given = RULE_FLAGS.find((name) => flags.changed(name));
  if (args.length > 0 || given !== undefined)
    throw new CommandError(
      `${given === undefined ? 'a repository' : `--${given}`} conflicts with --config, whose rules say what stays`,
    );
  if (rules.length === 0) throw new CommandError('the settings have no [[retention.rule]]: every tag stays');
  return rules;
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
