import { isWherryError, parseReference, type RemovalEvent, WherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';
import { chosenFormat } from '../../output/format.ts';
import { REMOVAL_LISTING } from '../../output/rows/removal-row.ts';
import { variantsFlag } from '../platform-flag.ts';

/** `wherry rmi`: removes what it can, here or in the registry; what fails is told at the end. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const format = await chosenFormat(flags, REMOVAL_LISTING);
  if (format === undefined)
    return await removeAll(context, (events) => io.stdout.write(events.map(lineOf).join('')));
  const done: RemovalEvent[] = [];
  try {
    return await removeAll(context, (events) => done.push(...events));
  } finally {
    // What is gone is told, however the command ends.
    io.stdout.write(format(done));
  }
}

function lineOf(event: RemovalEvent): string {
  return 'untagged' in event ? `Untagged: ${event.untagged}\n` : `Deleted: ${event.deleted}\n`;
}

async function removeAll(
  { args, complain, engine, flags, signal }: CommandContext,
  tell: (events: readonly RemovalEvent[]) => void,
): Promise<number> {
  const platforms = variantsFlag(flags);
  const force = flags.bool('force');
  const noPrune = flags.bool('no-prune');
  const isRemote = flags.bool('remote');
  if (isRemote && noPrune) throw new CommandError("--no-prune can't be used with --remote");
  if (isRemote && platforms.platforms) throw new CommandError("--platform can't be used with --remote");
  const opened = await engine();
  const remove = (image: string) =>
    isRemote
      ? opened.removeRemote({ ref: parseReference(image), force }, { signal })
      : opened.remove({ image, force, noPrune, ...platforms });
  const faults: WherryError[] = [];
  for (const image of args) {
    if (signal.aborted) throw new WherryError('CANCELLED', 'cancelled');
    try {
      tell(await remove(image));
    } catch (error) {
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
      faults.push(error);
    }
  }
  for (const fault of faults) complain(fault, `Error: ${fault.message}`);
  return faults.some(({ kind }) => !force || kind !== 'not-found') ? FAILURE_EXIT_CODE : 0;
}
