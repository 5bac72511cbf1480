import { parseReference, type Reference } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';

/** An image ID in full is no name, but names a source. */
const IMAGE_ID = /^[0-9a-f]{64}$/;

/** `wherry tag`: one more name for an image. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, flags } = context;
  const [source = '', target = ''] = args;
  if (flags.bool('remote')) return await (await import('../registry/tag-remote.ts')).tagRemote(context);
  if (!IMAGE_ID.test(source)) await parse(source);
  const ref = await parse(target);
  if (ref.digest !== undefined) throw new CommandError('refusing to create a tag with a digest reference');
  await (await engine()).tag({ source, target: ref });
  return 0;
}

async function parse(text: string): Promise<Reference> {
  const before = `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: `;
  return await plainly(() => parseReference(text), before);
}
