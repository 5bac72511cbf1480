import type { SystemPruneResult } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { humanSize } from '../../output/human.ts';
import { confirm } from '../../output/prompt.ts';
import { DRY_RUN, deletedText, removalLines } from '../../output/pruned.ts';

interface Choice {
  readonly all: boolean;
  readonly volumes: boolean;
  readonly snapshots: boolean;
  readonly filters: readonly string[];
}

/** `wherry system prune`: removes what nobody needs, of every kind, after a question. */
export async function run({ engine, flags, io, signal }: CommandContext): Promise<number> {
  const choice = {
    all: flags.bool('all'),
    volumes: flags.bool('volumes'),
    snapshots: flags.bool('snapshots'),
    filters: flags.filter('filter'),
  };
  const dryRun = flags.bool('dry-run');
  if (!dryRun && !flags.bool('force') && !(await confirm(io, question(choice), { signal }))) return 0;
  const result = await (await engine()).systemPrune({ ...choice, configured: true, dryRun }, { signal });
  io.stdout.write(report(result));
  if (dryRun) io.stderr.write(DRY_RUN);
  return 0;
}

/** docker/cli, `system.confirmationTemplate`; there are no networks to speak of. */
function question({ all, volumes, snapshots, filters }: Choice): string {
  const warnings = [
    'all stopped containers',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
    ...(snapshots ? ['all unpacked layers not used by at least one container'] : []),
  ];
  const listed = (lines: readonly string[]) => lines.map((line) => `  - ${line}\n`).join('');
  const narrowed =
    filters.length > 0 ? `  Items to be pruned will be filtered with:\n${listed(filters)}\n` : '';
  return `WARNING! This will remove:\n${listed(warnings)}\n${narrowed}Are you sure you want to continue?`;
}

function report({ containers, volumes, images, snapshots, buildCache }: SystemPruneResult): string {
  const others = [containers, volumes, snapshots, buildCache];
  const bytes = others.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, images.contentBytes);
  return [
    deletedText('Containers', containers.deleted),
    deletedText('Volumes', volumes.deleted),
    deletedText('Images', removalLines(images.events)),
    deletedText('build cache objects', buildCache.deleted),
    deletedText('Snapshots', snapshots.deleted),
    `Total reclaimed space: ${humanSize(bytes)}\n`,
  ].join('');
}
