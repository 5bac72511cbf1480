import { isWherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';

/** `wherry rename`: gives a container another name. */
export async function run({ args, complain, engine }: CommandContext): Promise<number> {
  const [container = '', name = ''] = args;
  try {
    await (await engine()).containers.rename({ container, name });
    return 0;
  } catch (error) {
    if (!isWherryError(error) || error.kind === 'cancelled') throw error;
    complain(error, `Error: ${error.message}\nError: failed to rename container named ${container}`);
    return FAILURE_EXIT_CODE;
  }
}
