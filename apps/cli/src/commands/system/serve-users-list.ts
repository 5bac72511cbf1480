import type { CommandContext } from '../../command.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { USER_LISTING } from '../../output/rows/service-rows.ts';
import { servicePlaces } from './service-places.ts';

/** `wherry serve users list`: the accounts, by name. */
export async function run(context: CommandContext): Promise<number> {
  const { readUsers } = await import('@wherry/server');
  const { users } = await servicePlaces(context);
  const names = [...(await readUsers(users)).keys()].sort();
  const format = context.flags.string('format') || TABLE;
  context.io.stdout.write(
    await formatList(
      format,
      USER_LISTING,
      names.map((name) => ({ name })),
    ),
  );
  return 0;
}
