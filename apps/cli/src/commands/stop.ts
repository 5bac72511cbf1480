import type { CommandContext } from '../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry stop`: asks containers to end, and kills those that do not. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, signal } = context;
  const stopSignal = flags.string('signal');
  const timeoutSeconds = flags.int('timeout') ?? flags.int('time');
  return await forEachContainer(context, async (containers, container) => {
    const request = {
      container,
      ...(stopSignal && { signal: stopSignal }),
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    };
    await containers.stop(request, { signal });
    return container;
  });
}
