import type { CommandContext } from '../../command.ts';
import { startOptions } from './attend-session.ts';
import { forEachContainer } from './for-each-container.ts';
import { stopRequest } from './stop.ts';

/** `wherry restart`: stops containers, and starts them again. */
export async function run(context: CommandContext): Promise<number> {
  return await forEachContainer(context, async (containers, container) => {
    await containers.restart(stopRequest(context, container), startOptions(context));
    return container;
  });
}
