import { isWherryError, type PlatformChoice } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { FAILURE_EXIT_CODE } from '../../exit-codes.ts';
import type { Inspector } from '../../output/inspector.ts';

/**
 * Prints what the inspector makes of all images that are there, then what `describe` says about each that is
 * not; returns the exit code.
 */
export async function inspectImages(
  { args, complain, engine, io }: CommandContext,
  inspector: Inspector,
  describe: (name: string, message: string) => string,
  choice: PlatformChoice = {},
): Promise<number> {
  const opened = await engine();
  const faults: { readonly error: Error; readonly text: string }[] = [];
  for (const name of args) {
    try {
      const fault = inspector.add(await opened.inspect(name, choice));
      if (fault !== undefined) faults.push({ error: fault, text: fault.message });
    } catch (error) {
      if (isWherryError(error, 'PLATFORM_UNKNOWN')) {
        faults.push({ error, text: `Error: ${error.message}` });
        continue;
      }
      if (!isWherryError(error, 'IMAGE_UNKNOWN', 'AMBIGUOUS_ID', 'INVALID_REFERENCE', 'INVALID_DIGEST'))
        throw error;
      faults.push({ error, text: describe(name, error.message) });
    }
  }
  io.stdout.write(inspector.text());
  for (const { error, text } of faults) complain(error, text);
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
