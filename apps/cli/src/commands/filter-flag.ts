import { CommandError } from '../errors.ts';
import { BAD_FLAG_EXIT_CODE } from '../exit-codes.ts';

/**
 * Reads `--filter name=value`, given any number of times: the values of each name, which counts in lower
 * case. `path` and `usage` are for the error. docker/cli, `FilterOpt`.
 */
export function readFilters(
  values: readonly string[],
  path: string,
  usage: string,
): Readonly<Record<string, readonly string[]>> {
  const filters = new Map<string, string[]>();
  for (const text of values) {
    if (text === '') continue;
    const equals = text.indexOf('=');
    if (equals < 0)
      throw new CommandError(
        `invalid argument ${JSON.stringify(text)} for "-f, --filter" flag: bad format of filter (expected name=value)\n\n` +
          `Usage:  ${path} ${usage}\n\nRun '${path} --help' for more information`,
        { exitCode: BAD_FLAG_EXIT_CODE },
      );
    const name = text.slice(0, equals).trim().toLowerCase();
    filters.set(name, [...(filters.get(name) ?? []), text.slice(equals + 1).trim()]);
  }
  return Object.fromEntries(filters);
}
