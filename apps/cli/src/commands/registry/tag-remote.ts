import { familiarName, parseReference, withDefaultTag } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { plainly } from '../../errors.ts';

/** `wherry tag --remote`: one more tag in a registry; prints it with what it points to. */
export async function tagRemote({ args, engine, io, signal }: CommandContext): Promise<number> {
  const source = await plainly(() => parseReference(args[0] ?? ''));
  const target = await plainly(() => parseReference(args[1] ?? ''));
  const opened = await engine();
  const { digest } = await plainly(() => opened.tagRemote({ source, target }, { signal }));
  io.stdout.write(`${familiarName(withDefaultTag(target))}@${digest}\n`);
  return 0;
}
