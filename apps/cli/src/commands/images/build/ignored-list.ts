import type { BuildRequest } from '@wherry/core';
import type { CommandContext } from '../../../command.ts';
import { CommandError } from '../../../errors.ts';
import { formatTable } from '../../../output/table.ts';

/** Lists what the ignore file keeps out of a context, each with the line that does. */
export async function listIgnored(
  { engine, io, signal }: CommandContext,
  { context, dockerfile }: BuildRequest,
): Promise<number> {
  if (context.kind !== 'directory') throw new CommandError('--ignored needs a context that is a directory');
  const request = {
    context: context.path,
    ...(dockerfile?.kind === 'file' && { dockerfile: dockerfile.path }),
  };
  const files = await (await engine()).ignoredFiles(request, { signal });
  const rows = files.map(({ path, rule }) => [path, `${rule.file}:${rule.line}`, rule.pattern]);
  io.stdout.write(formatTable([['PATH', 'LINE', 'PATTERN'], ...rows]));
  return 0;
}
