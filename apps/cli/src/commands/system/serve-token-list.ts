import type { CommandContext } from '../../command.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { TOKEN_LISTING } from '../../output/rows/service-rows.ts';
import { servicePlaces } from './service-places.ts';

/** `wherry serve token list`: all that is known of the tokens, the oldest first. */
export async function run(context: CommandContext): Promise<number> {
  const { readTokens } = await import('@wherry/server');
  const { tokens } = await servicePlaces(context);
  const format = context.flags.string('format') || TABLE;
  context.io.stdout.write(await formatList(format, TOKEN_LISTING, await readTokens(tokens)));
  return 0;
}
