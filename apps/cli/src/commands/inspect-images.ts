import { type ImageInspection, isWherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import { formatDocuments } from '../output/json.ts';
import { printable } from '../output/printable.ts';

/**
 * Prints the documents of all images that are there, then what `describe` says about each that is not; returns
 * the exit code.
 */
export async function inspectImages(
  { args, engine, io }: CommandContext,
  describe: (name: string, message: string) => string,
): Promise<number> {
  const opened = await engine();
  const found: ImageInspection[] = [];
  const faults: string[] = [];
  for (const name of args) {
    try {
      found.push(await opened.inspect(name));
    } catch (error) {
      if (!isWherryError(error, 'IMAGE_UNKNOWN', 'AMBIGUOUS_ID', 'INVALID_REFERENCE', 'INVALID_DIGEST'))
        throw error;
      faults.push(describe(name, error.message));
    }
  }
  io.stdout.write(formatDocuments(found));
  for (const fault of faults) io.stderr.write(printable(`${fault}\n`));
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
