import { isWherryError, parseReference, WherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { CommandError } from '../errors.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import { printable } from '../output/printable.ts';
import { variantsFlag } from './platform-flag.ts';

/** `wherry rmi`: removes what it can, here or in the registry; what fails is told at the end. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const platforms = variantsFlag(flags);
  const force = flags.bool('force');
  const noPrune = flags.bool('no-prune');
  const isRemote = flags.bool('remote');
  if (isRemote && noPrune) throw new CommandError("--no-prune can't be used with --remote");
  if (isRemote && platforms.platforms) throw new CommandError("--platform can't be used with --remote");
  const opened = await engine();
  const faults: string[] = [];
  let isFatal = false;
  for (const image of args) {
    if (signal.aborted) throw new WherryError('CANCELLED', 'cancelled');
    try {
      const events = isRemote
        ? await opened.removeRemote({ ref: parseReference(image), force }, { signal })
        : await opened.remove({ image, force, noPrune, ...platforms });
      for (const event of events)
        io.stdout.write(
          'untagged' in event ? `Untagged: ${event.untagged}\n` : `Deleted: ${event.deleted}\n`,
        );
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      faults.push(`Error: ${error.message}`);
      if (!force || error.kind !== 'not-found') isFatal = true;
    }
  }
  for (const fault of faults) io.stderr.write(printable(`${fault}\n`));
  return isFatal ? FAILURE_EXIT_CODE : 0;
}
