import { type Engine, isWherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import { printable } from '../output/printable.ts';

/** Does with each image what can be done; what fails is told at the end. Returns the exit code. */
export async function forEachImage(
  { args, engine, io }: CommandContext,
  work: (engine: Engine, image: string) => Promise<unknown>,
): Promise<number> {
  const opened = await engine();
  const faults: string[] = [];
  for (const image of args)
    try {
      await work(opened, image);
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      faults.push(`Error: ${error.message}`);
    }
  for (const fault of faults) io.stderr.write(printable(`${fault}\n`));
  return faults.length > 0 ? FAILURE_EXIT_CODE : 0;
}
