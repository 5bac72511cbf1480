import type { ImagesRequest } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { formatImageTree } from '../../output/image-tree.ts';

/** `wherry images --tree`: what names stand for, an index with the images for its platforms. */
export async function printImageTree(
  { engine, flags, io }: CommandContext,
  request: ImagesRequest,
): Promise<void> {
  const other = conflictingFlag(flags);
  if (other !== undefined) throw new CommandError(`--${other} is not yet supported with --tree`);
  const trees = await (await engine()).imageTree(request);
  const { isTTY, columns } = io.stdout;
  io.stdout.write(formatImageTree(trees, { columns, colors: isTTY && !io.env.NO_COLOR }));
}

/** By the name that Docker's message has for it, and in Docker's order. */
function conflictingFlag(flags: Flags): string | undefined {
  if (flags.bool('quiet')) return 'quiet';
  if (flags.bool('no-trunc')) return 'no-trunc';
  if (flags.bool('digests')) return 'show-digest';
  if (flags.string('format')) return 'format';
  return flags.changed('size') ? 'size' : undefined;
}
