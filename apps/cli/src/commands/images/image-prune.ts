import type { PruneResult } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { chosenFormat } from '../../output/format.ts';
import { humanSize } from '../../output/human.ts';
import { confirm } from '../../output/prompt.ts';
import { deletedText, removalLines } from '../../output/pruned.ts';
import { REMOVAL_LISTING } from '../../output/rows/removal-row.ts';

const DANGLING_WARNING = 'WARNING! This will remove all dangling images.';
const ALL_WARNING = 'WARNING! This will remove all images without at least one container associated to them.';

/** `wherry image prune`: removes images that nobody needs, after a question. */
export async function run({ engine, flags, io, signal }: CommandContext): Promise<number> {
  const filters = flags.filter('filter');
  const all = flags.bool('all') || filters.some(meansAll);
  const keep = flags.int('keep');
  const dryRun = flags.bool('dry-run');
  const format = await chosenFormat(flags, REMOVAL_LISTING);
  if (format !== undefined && !dryRun && !flags.bool('force'))
    throw new CommandError('--format needs --force or --dry-run: the question would stand in the output');
  const question = `${all ? ALL_WARNING : DANGLING_WARNING}\nAre you sure you want to continue?`;
  if (!dryRun && !flags.bool('force') && !(await confirm(io, question, { signal }))) return 0;
  const result = await (await engine()).prune(
    { all, filters, configured: true, dryRun, ...(keep === undefined ? {} : { keep }) },
    { signal },
  );
  if (format !== undefined) io.stdout.write(format(result.events));
  else report(result, { dryRun }, io);
  return 0;
}

function report(result: PruneResult, { dryRun }: { dryRun: boolean }, io: Io): void {
  const { events, contentBytes, reclaimedBytes } = result;
  io.stdout.write(deletedText('Images', removalLines(events)));
  io.stdout.write(`Total reclaimed space: ${humanSize(contentBytes)}\n`);
  if (!dryRun) return;
  const saved = humanSize(reclaimedBytes);
  io.stderr.write(`This was a dry run: nothing has been removed. The disk would get back ${saved}.\n`);
}

/** A filter that does what `-a` does: the question must not promise less. */
function meansAll(filter: string): boolean {
  return /^\s*dangling\s*=\s*(?:false|0)\s*$/i.test(filter);
}
