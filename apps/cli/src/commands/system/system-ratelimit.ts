import type { CommandContext } from '../../command.ts';
import { chosenFormat, formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { RATE_LIMIT_LISTING } from '../../output/rows/rate-limit-row.ts';
import { serverHost } from '../registry/server-name.ts';

/** `wherry system ratelimit`: how many pulls a registry still allows, as it says itself. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const format = await chosenFormat(flags, RATE_LIMIT_LISTING);
  const limit = await (await engine()).rateLimit(serverHost(args[0]), { signal });
  if (format !== undefined) io.stdout.write(format([limit]));
  else if (limit.limit === undefined && limit.remaining === undefined)
    io.stdout.write(`${limit.registry} names no limit\n`);
  else io.stdout.write(await formatList(TABLE, RATE_LIMIT_LISTING, [limit]));
  return 0;
}
