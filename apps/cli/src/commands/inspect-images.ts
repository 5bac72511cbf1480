import { isWherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { CommandError } from '../errors.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import type { Inspector } from '../output/inspector.ts';
import { printable } from '../output/printable.ts';

/** Tells whether registries are to be asked in place of the store. Throws for what only they could answer. */
export function isRemote({ flags }: Pick<CommandContext, 'flags'>): boolean {
  const remote = flags.bool('remote');
  if (!remote && flags.string('platform') !== undefined)
    throw new CommandError('--platform can only be used with --remote');
  return remote;
}

/**
 * Prints what the inspector makes of all images that are there, then what `describe` says about each that is
 * not; returns the exit code.
 */
export async function inspectImages(
  { args, engine, io }: CommandContext,
  inspector: Inspector,
  describe: (name: string, message: string) => string,
): Promise<number> {
  const opened = await engine();
  const faults: string[] = [];
  for (const name of args) {
    try {
      const fault = inspector.add(await opened.inspect(name));
      if (fault !== undefined) faults.push(fault.message);
    } catch (error) {
      if (!isWherryError(error, 'IMAGE_UNKNOWN', 'AMBIGUOUS_ID', 'INVALID_REFERENCE', 'INVALID_DIGEST'))
        throw error;
      faults.push(describe(name, error.message));
    }
  }
  io.stdout.write(inspector.text());
  for (const fault of faults) io.stderr.write(printable(`${fault}\n`));
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
