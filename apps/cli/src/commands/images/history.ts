import type { CommandContext } from '../../command.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { historyFormat, historyListing } from '../../output/rows/history-row.ts';
import { variantFlag } from '../platform-flag.ts';

/** `wherry history`: how an image's layers were made. */
export async function run({ args, engine, flags, io }: CommandContext): Promise<number> {
  const choice = variantFlag(flags, 'invalid platform: ');
  const entries = await (await engine()).history(args[0] ?? '', choice);
  const listing = historyListing({
    human: flags.bool('human'),
    noTrunc: flags.bool('no-trunc'),
    now: io.now(),
  });
  const format = historyFormat(flags.string('format') || TABLE, flags.bool('quiet'));
  io.stdout.write(await formatList(format, listing, entries));
  return 0;
}
