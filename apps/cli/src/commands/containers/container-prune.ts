import type { CommandContext } from '../../command.ts';
import { humanSize } from '../../output/human.ts';
import { confirm } from '../../output/prompt.ts';
import { deletedText } from '../../output/pruned.ts';

const QUESTION = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?';

/** `wherry container prune`: removes containers that do not run, after a question. */
export async function run({ engine, flags, io, signal }: CommandContext): Promise<number> {
  if (!flags.bool('force') && !(await confirm(io, QUESTION, { signal }))) return 0;
  const filters = flags.filter('filter');
  const { deleted, reclaimedBytes } = await (await engine()).containers.prune({ filters }, { signal });
  io.stdout.write(
    `${deletedText('Containers', deleted)}Total reclaimed space: ${humanSize(reclaimedBytes)}\n`,
  );
  return 0;
}
