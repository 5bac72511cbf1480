import { familiarName, parseReference, WherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { plainly } from '../../errors.ts';
import { FAILURE_EXIT_CODE, NEWER_EXIT_CODE } from '../../exit-codes.ts';
import { chosenFormat, formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { oneLine } from '../../output/printable.ts';
import { OUTDATED_LISTING } from '../../output/rows/outdated-row.ts';

/** `wherry outdated`: the tags here that point to something else in their registries. */
export async function run({ args, complain, engine, flags, io, signal }: CommandContext): Promise<number> {
  const names = await plainly(() => args.map((arg) => parseReference(arg)));
  const format = await chosenFormat(flags, OUTDATED_LISTING);
  const request = names.length === 0 ? {} : { names };
  const { outdated, madeHere, failures } = await (await engine()).outdated(request, { signal });
  for (const { registry, error } of failures) {
    const message = oneLine(`${registry}: ${error.message}`);
    complain(new WherryError(error.code, message, { cause: error }), message);
  }
  // Whoever names an image expects a word about it.
  if (names.length > 0)
    for (const ref of madeHere) io.stderr.write(`${familiarName(ref)}: not compared, it was made here\n`);
  if (outdated.length === 0 && format === undefined) return failures.length === 0 ? 0 : FAILURE_EXIT_CODE;
  io.stdout.write(format?.(outdated) ?? (await formatList(TABLE, OUTDATED_LISTING, outdated)));
  if (outdated.length > 0) return NEWER_EXIT_CODE;
  return failures.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
