import type { CommandContext } from '../../command.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { buildCacheFormat, buildCacheListing } from '../../output/rows/build-cache-row.ts';

/** `wherry builder du`: what is in the build cache, least recently used first. */
export async function run({ engine, flags, io }: CommandContext): Promise<number> {
  const format = buildCacheFormat(flags.string('format') || TABLE, { verbose: flags.bool('verbose') });
  const entries = await (await engine()).buildCache({ filters: flags.filter('filter') });
  io.stdout.write(await formatList(format, buildCacheListing(new Date()), entries));
  return 0;
}
