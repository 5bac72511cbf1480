import type { BuildCachePruneRequest } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import type { Flags } from '../../flags.ts';
import { humanSize } from '../../output/human.ts';
import { confirm } from '../../output/prompt.ts';
import { DRY_RUN, deletedText } from '../../output/pruned.ts';
import { parseBytes } from '../containers/container-limits.ts';

const DANGLING_WARNING = 'WARNING! This will remove all dangling build cache.';
const ALL_WARNING = 'WARNING! This will remove all build cache.';

/** `wherry builder prune`: removes what builds left for those to come, after a question. */
export async function run({ engine, flags, io, signal }: CommandContext): Promise<number> {
  const all = flags.bool('all');
  const dryRun = flags.bool('dry-run');
  const request = { all, dryRun, filters: flags.filter('filter'), ...limitsOf(flags) };
  const question = `${all ? ALL_WARNING : DANGLING_WARNING} Are you sure you want to continue?`;
  if (!dryRun && !flags.bool('force') && !(await confirm(io, question, { signal }))) return 0;
  const { deleted, reclaimedBytes } = await (await engine()).pruneBuildCache(request, { signal });
  io.stdout.write(deletedText('build cache objects', deleted));
  io.stdout.write(`Total reclaimed space: ${humanSize(reclaimedBytes)}\n`);
  if (dryRun) io.stderr.write(DRY_RUN);
  return 0;
}

/** As for Docker, nothing is no limit. */
function limitsOf(flags: Flags): BuildCachePruneRequest {
  const bytesOf = (name: string) => {
    const text = flags.string(name);
    return text === undefined || text === '' ? 0 : parseBytes(text, name);
  };
  const [keep, reserved] = [bytesOf('keep-storage'), bytesOf('reserved-space')];
  const [maxUsedBytes, minFreeBytes] = [bytesOf('max-used-space'), bytesOf('min-free-space')];
  const reservedBytes = reserved || keep;
  return {
    ...(reservedBytes > 0 && { reservedBytes }),
    ...(maxUsedBytes > 0 && { maxUsedBytes }),
    ...(minFreeBytes > 0 && { minFreeBytes }),
  };
}
