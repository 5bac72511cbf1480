import type { CommandContext } from '../../command.ts';
import { openInspector } from '../../output/inspector.ts';
import { inspectContainers } from '../inspect-objects.ts';

/** `wherry container inspect`. */
export async function run(context: CommandContext): Promise<number> {
  return await inspectContainers(context, await openInspector(context.flags.string('format')));
}
