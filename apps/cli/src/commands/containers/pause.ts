import type { CommandContext } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry pause`: halts the processes of containers. */
export async function run(context: CommandContext): Promise<number> {
  return await forEachContainer(context, async (containers, container) => {
    await containers.pause(container);
    return container;
  });
}
