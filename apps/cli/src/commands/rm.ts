import { isWherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { forEachContainer } from './for-each-container.ts';

/**
 * `wherry rm`: removes containers. With `--volumes` nothing more goes: what an image's volumes hold lies in the
 * container itself.
 */
export async function run(context: CommandContext): Promise<number> {
  const force = context.flags.bool('force');
  let failed = 0;
  const exitCode = await forEachContainer(context, async (containers, container) => {
    try {
      await containers.remove({ container, force });
    } catch (error) {
      // As with Docker: what is not there is told, and yet it is as was asked for.
      if (!force || !isWherryError(error, 'CONTAINER_UNKNOWN')) failed++;
      throw error;
    }
    return container;
  });
  return failed === 0 ? 0 : exitCode;
}
