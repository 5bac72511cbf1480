import { type Engine, isWherryError, WherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';

/**
 * Does with each container what can be done, with all of them at once; `work` returns the line that is printed
 * of it. What fails is told at the end. Returns the exit code.
 */
export async function forEachContainer(
  { args, complain, engine, io, signal }: CommandContext,
  work: (containers: Engine['containers'], container: string) => Promise<string>,
): Promise<number> {
  const { containers } = await engine();
  const results = await Promise.allSettled(args.map((container) => work(containers, container)));
  if (signal.aborted) throw new WherryError('CANCELLED', 'cancelled');
  const faults: unknown[] = [];
  for (const result of results)
    if (result.status === 'fulfilled') io.stdout.write(`${result.value}\n`);
    else faults.push(result.reason);
  for (const fault of faults) {
    if (!isWherryError(fault)) throw fault;
    complain(fault, `Error: ${fault.message}`);
  }
  return faults.length > 0 ? FAILURE_EXIT_CODE : 0;
}
