import type { BuildRequest, IgnoredFile } from '@wherry/core';
import type { CommandContext } from '../../../command.ts';
import { CommandError, plainly } from '../../../errors.ts';
import { oneLine } from '../../../output/printable.ts';
import { formatTable } from '../../../output/table.ts';

/** What `--ignored` alone stands for. */
const ALL = '.';

/** Tells what the ignore file keeps out of a context, each with the line that does; or of one path, in or out. */
export async function listIgnored(
  { engine, flags, io, signal }: CommandContext,
  { context, dockerfile }: BuildRequest,
): Promise<number> {
  if (context.kind !== 'directory') throw new CommandError('--ignored needs a context that is a directory');
  const path = flags.string('ignored');
  const request = {
    context: context.path,
    ...(dockerfile?.kind === 'file' && { dockerfile: dockerfile.path }),
    ...(path !== ALL && path !== undefined && { path }),
  };
  const opened = await engine();
  const files = await plainly(() => opened.ignoredFiles(request, { signal }));
  io.stdout.write('path' in request ? files.map(decision).join('') : listing(files));
  return 0;
}

function decision({ path, isIgnored, rule }: IgnoredFile): string {
  const by = rule === undefined ? '' : `, by ${rule.file}:${rule.line}: ${rule.pattern}`;
  return `${oneLine(`${path} is ${isIgnored ? 'kept out' : 'in the context'}${by}`)}\n`;
}

function listing(files: readonly IgnoredFile[]): string {
  const rows = files.map(({ path, rule }) => [
    path,
    rule === undefined ? '' : `${rule.file}:${rule.line}`,
    rule?.pattern ?? '',
  ]);
  return formatTable([['PATH', 'LINE', 'PATTERN'], ...rows]);
}
