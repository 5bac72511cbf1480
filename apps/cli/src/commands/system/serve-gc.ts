import { type CollectGarbageRequest, type CollectGarbageResult, openHousekeeping } from '@wherry/core';
import type { HousekeepingPlan } from '@wherry/server';
import type { CommandContext } from '../../command.ts';
import type { Flags } from '../../flags.ts';
import { chosenFormat, formatList } from '../../output/format.ts';
import { humanSize } from '../../output/human.ts';
import { TABLE } from '../../output/listing.ts';
import { DRY_RUN } from '../../output/pruned.ts';
import { COLLECTED_LISTING } from '../../output/rows/collected-row.ts';
import { durationFlag } from '../duration-flag.ts';
import { housekeepingPlan } from './housekeeping-plan.ts';

const UPLOAD_MAX_AGE_MS = 24 * 60 * 60 * 1000;

/** `wherry serve gc`: one collection, beside whatever else uses the store; with `--config` as the service does it. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, globals, io, signal } = context;
  const format = await chosenFormat(flags, COLLECTED_LISTING);
  const root = globals.string('root');
  const dryRun = flags.bool('dry-run');
  const plan = await housekeepingPlan(context);
  const request = requestOf(flags, plan);
  const { rules = [], notify } = plan ?? {};
  await using housekeeping = openHousekeeping({
    env: io.env,
    ...(root !== undefined && { root }),
    ...(notify && { notify }),
  });
  const { fates } =
    rules.length > 0 ? await housekeeping.applyRetention({ rules, dryRun }, { signal }) : { fates: [] };
  const result = await housekeeping.collectGarbage({ ...request, dryRun }, { signal });
  const untagged = fates.filter(({ isKept }) => !isKept).length;
  const tags = rules.length > 0 ? `Tags taken off: ${untagged}\n` : '';
  io.stdout.write(format?.(result.items) ?? `${tags}${await report(result)}`);
  if (dryRun) io.stderr.write(DRY_RUN);
  return 0;
}

/** What the service's settings say; flags that are given win. */
function requestOf(flags: Flags, plan: HousekeepingPlan | undefined): CollectGarbageRequest {
  const trashGraceMs = durationFlag(flags, 'trash-grace') ?? 0;
  const keepUntagged = !flags.bool('untagged');
  if (!plan) return { keepUntagged, trashGraceMs, uploadMaxAgeMs: UPLOAD_MAX_AGE_MS };
  return {
    ...plan.collection,
    ...(flags.changed('trash-grace') && { trashGraceMs }),
    ...(flags.changed('untagged') && { keepUntagged }),
  };
}

async function report({ items, trashedBytes, reclaimedBytes }: CollectGarbageResult): Promise<string> {
  const rows = items.length > 0 ? await formatList(TABLE, COLLECTED_LISTING, items) : '';
  return `${rows}Moved to the trash: ${humanSize(trashedBytes)}\nTotal reclaimed space: ${humanSize(reclaimedBytes)}\n`;
}
