import type { CommandContext } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry kill`: sends a signal to containers. */
export async function run(context: CommandContext): Promise<number> {
  const signal = context.flags.string('signal') || undefined;
  return await forEachContainer(context, async (containers, container) => {
    await containers.kill(container, signal);
    return container;
  });
}
