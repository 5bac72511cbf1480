import type { CommandContext } from '../../command.ts';
import { openInspector } from '../../output/inspector.ts';
import { variantFlag } from '../platform-flag.ts';
import { inspectImages } from './inspect-images.ts';

/** `wherry image inspect`. */
export async function run(context: CommandContext): Promise<number> {
  if (context.flags.bool('remote'))
    return await (await import('../registry/inspect-remote.ts')).inspectRemote(context);
  const choice = variantFlag(context.flags);
  const inspector = await openInspector(context.flags.string('format'));
  const describe = (name: string, message: string) => `Error: no such image: ${name}: ${message}`;
  return await inspectImages(context, inspector, describe, choice);
}
