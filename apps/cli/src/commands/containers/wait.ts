import type { CommandContext } from '../../command.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry wait`: the exit codes of containers, once they have ended. */
export async function run(context: CommandContext): Promise<number> {
  const { signal } = context;
  return await forEachContainer(context, async (containers, container) =>
    String(await containers.wait(container, { signal })),
  );
}
