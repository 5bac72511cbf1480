import { familiarName, parseReference, shortId } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { plainly } from '../errors.ts';
import { FAILURE_EXIT_CODE, NEWER_EXIT_CODE } from '../exit-codes.ts';
import { oneLine } from '../output/printable.ts';
import { formatTable } from '../output/table.ts';

/** `wherry outdated`: the tags here that point to something else in their registries. */
export async function run({ args, engine, io, signal }: CommandContext): Promise<number> {
  const names = await plainly(() => args.map((arg) => parseReference(arg)));
  const request = names.length === 0 ? {} : { names };
  const { outdated, madeHere, failures } = await (await engine()).outdated(request, { signal });
  for (const { registry, error } of failures)
    io.stderr.write(`${oneLine(`${registry}: ${error.message}`)}\n`);
  // Whoever names an image expects a word about it.
  if (names.length > 0)
    for (const ref of madeHere) io.stderr.write(`${familiarName(ref)}: not compared, it was made here\n`);
  if (outdated.length === 0) return failures.length === 0 ? 0 : FAILURE_EXIT_CODE;
  const rows = outdated.map(({ ref, here, registry }) => [
    familiarName(ref),
    shortId(here),
    shortId(registry),
  ]);
  io.stdout.write(formatTable([['NAME', 'HERE', 'REGISTRY'], ...rows]));
  return NEWER_EXIT_CODE;
}
