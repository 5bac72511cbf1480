import type { StopRequest } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry stop`: asks containers to end, and kills those that do not. */
export async function run(context: CommandContext): Promise<number> {
  return await forEachContainer(context, async (containers, container) => {
    await containers.stop(stopRequest(context, container), { signal: context.signal });
    return container;
  });
}

/** What `--signal` and `--timeout` ask for. */
export function stopRequest({ flags }: CommandContext, container: string): StopRequest {
  const signal = flags.string('signal');
  const timeoutSeconds = flags.int('timeout') ?? flags.int('time');
  return {
    container,
    ...(signal && { signal }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
}
