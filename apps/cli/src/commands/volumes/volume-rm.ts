import { isWherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';

/** `wherry volume rm`: removes volumes that no container has, those that can be; what fails is told at the end. */
export async function run({ args, complain, engine, flags, io }: CommandContext): Promise<number> {
  const { volumes } = await engine();
  const faults: Error[] = [];
  for (const volume of args)
    try {
      await volumes.remove({ volume, force: flags.bool('force') });
      io.stdout.write(`${volume}\n`);
    } catch (error) {
      if (!isWherryError(error, 'VOLUME_UNKNOWN', 'CONFLICT')) throw error;
      faults.push(error);
    }
  for (const fault of faults) complain(fault, `Error: ${fault.message}`);
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
