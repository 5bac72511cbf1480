import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import { humanSize } from '../../output/human.ts';
import { confirm } from '../../output/prompt.ts';
import { DRY_RUN, deletedText } from '../../output/pruned.ts';

const ANONYMOUS_WARNING =
  'WARNING! This will remove anonymous local volumes not used by at least one container.';
const ALL_WARNING = 'WARNING! This will remove all local volumes not used by at least one container.';

/** `wherry volume prune`: removes volumes that no container has, after a question. */
export async function run({ engine, flags, io, signal }: CommandContext): Promise<number> {
  const filters = flags.filter('filter');
  const all = flags.bool('all');
  const dryRun = flags.bool('dry-run');
  if (all && filters.some((text) => /^\s*all\s*=/i.test(text)))
    throw new CommandError('conflicting options: cannot specify both --all and --filter all=1');
  const question = `${all || filters.some(meansAll) ? ALL_WARNING : ANONYMOUS_WARNING}\nAre you sure you want to continue?`;
  if (!dryRun && !flags.bool('force') && !(await confirm(io, question, { signal }))) return 0;
  const { volumes } = await engine();
  const { deleted, reclaimedBytes } = await volumes.prune({ all, filters, dryRun }, { signal });
  io.stdout.write(`${deletedText('Volumes', deleted)}Total reclaimed space: ${humanSize(reclaimedBytes)}\n`);
  if (dryRun) io.stderr.write(DRY_RUN);
  return 0;
}

/** A filter that does what `-a` does: the question must not promise less. */
function meansAll(filter: string): boolean {
  return /^\s*all\s*=\s*(?:true|1)\s*$/i.test(filter);
}
