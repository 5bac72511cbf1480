import { type Engine, isWherryError, WherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry rm`: removes containers; with `--volumes` also their volumes, unless they have names. */
export async function run(context: CommandContext): Promise<number> {
  const force = context.flags.bool('force');
  const volumes = context.flags.bool('volumes');
  let failed = 0;
  const link = context.flags.bool('link');
  const exitCode = await forEachContainer(context, async (containers, container) => {
    try {
      if (link) await refuseLink(containers, container);
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

/** Links lie in a bridge network, so what has this name is a container. */
async function refuseLink(containers: Engine['containers'], container: string): Promise<never> {
  await containers.inspect(container);
  throw new WherryError('CONFLICT', 'Conflict, cannot remove the default link name of the container');
}
