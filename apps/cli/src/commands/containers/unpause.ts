import type { CommandContext } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry unpause`: lets the processes of paused containers go on. */
export async function run(context: CommandContext): Promise<number> {
  return await forEachContainer(context, async (containers, container) => {
    await containers.unpause(container);
    return container;
  });
}
