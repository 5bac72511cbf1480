import { type Engine, isWherryError, type WherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';

/** Does with each image what can be done; what fails is told at the end. Returns the exit code. */
export async function forEachImage(
  { args, complain, engine }: CommandContext,
  work: (engine: Engine, image: string) => Promise<unknown>,
): Promise<number> {
  const opened = await engine();
  const faults: WherryError[] = [];
  for (const image of args)
    try {
      await work(opened, image);
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      faults.push(error);
    }
  for (const fault of faults) complain(fault, `Error: ${fault.message}`);
  return faults.length > 0 ? FAILURE_EXIT_CODE : 0;
}
