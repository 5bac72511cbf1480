import type { CommandContext } from '../command.ts';
import { openInspector } from '../output/inspector.ts';
import { inspectImages, isRemote } from './inspect-images.ts';

/** `wherry image inspect`. */
export async function run(context: CommandContext): Promise<number> {
  if (isRemote(context)) return await (await import('./inspect-remote.ts')).inspectRemote(context);
  const inspector = await openInspector(context.flags.string('format'));
  const describe = (name: string, message: string) => `Error: no such image: ${name}: ${message}`;
  return await inspectImages(context, inspector, describe);
}
