import type { CommandContext } from '../../command.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { searchListing } from '../../output/rows/search-row.ts';
import { readFilters } from '../filter-flag.ts';

const AUTOMATED_WARNING =
  'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any results in future.';

/** `wherry search`: repositories of Docker Hub or of another registry. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const filters = readFilters(flags.filter('filter'));
  if (Object.hasOwn(filters, 'is-automated')) io.stderr.write(`${AUTOMATED_WARNING}\n`);
  const limit = flags.int('limit') ?? 0;
  const request = { term: args[0] ?? '', filters, ...(limit > 0 ? { limit } : {}) };
  const results = await (await engine()).search(request, { signal });
  const listing = searchListing(results, { noTrunc: flags.bool('no-trunc') });
  io.stdout.write(await formatList(flags.string('format') || TABLE, listing, results));
  return 0;
}
