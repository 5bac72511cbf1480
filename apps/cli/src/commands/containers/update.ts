import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import { changeableLimits } from './container-limits.ts';
import { KERNEL_MEMORY_REFUSAL, refuseRestartPolicy } from './container-refusals.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry update`: gives containers other limits. */
export async function run(context: CommandContext): Promise<number> {
  const { flags } = context;
  const limits = changeableLimits(flags);
  if (flags.changed('kernel-memory')) throw new CommandError(`--kernel-memory ${KERNEL_MEMORY_REFUSAL}`);
  if (Object.keys(limits).length === 0 && !flags.changed('restart'))
    throw new CommandError('you must provide one or more flags when using this command');
  refuseRestartPolicy(flags.string('restart') ?? '');
  return await forEachContainer(context, async (containers, container) => {
    await containers.update({ container, limits });
    return container;
  });
}
