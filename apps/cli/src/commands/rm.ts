import { isWherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry rm`: removes containers; with `--volumes` also their volumes, unless they have names. */
export async function run(context: CommandContext): Promise<number> {
  const force = context.flags.bool('force');
  const volumes = context.flags.bool('volumes');
  let failed = 0;
  const exitCode = await forEachContainer(context, async (containers, container) => {
    try {
      await containers.remove({ container, force, volumes });
    } catch (error) {
      // As with Docker: what is not there is told, and yet it is as was asked for.
      if (!force || !isWherryError(error, 'CONTAINER_UNKNOWN')) failed++;
      throw error;
    }
    return container;
  });
  return failed === 0 ? 0 : exitCode;
}
