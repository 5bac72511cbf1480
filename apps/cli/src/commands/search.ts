import type { SearchResult } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { formatTable } from '../output/table.ts';
import { ellipsis } from '../output/width.ts';
import { readFilters } from './filter-flag.ts';

const DESCRIPTION_CELLS = 45;
const AUTOMATED_WARNING =
  'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any results in future.';

/** `wherry search`: repositories of Docker Hub or of another registry. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const filters = readFilters(flags.filter('filter'));
  if (Object.hasOwn(filters, 'is-automated')) io.stderr.write(`${AUTOMATED_WARNING}\n`);
  const limit = flags.int('limit') ?? 0;
  const request = { term: args[0] ?? '', filters, ...(limit > 0 ? { limit } : {}) };
  const results = await (await engine()).search(request, { signal });
  const rows = results.map((result) => rowOf(result, flags.bool('no-trunc')));
  io.stdout.write(formatTable([['NAME', 'DESCRIPTION', 'STARS', 'OFFICIAL'], ...rows]));
  return 0;
}

function rowOf({ name, description, starCount, isOfficial }: SearchResult, isWhole: boolean): string[] {
  const line = description.replace(/[\r\n]/g, ' ');
  const shown = isWhole ? line : ellipsis(line, DESCRIPTION_CELLS);
  return [name, shown, String(starCount), isOfficial ? '[OK]' : ''];
}
