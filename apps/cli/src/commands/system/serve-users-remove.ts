import type { CommandContext } from '../../command.ts';
import { plainly } from '../../errors.ts';
import { servicePlaces } from './service-places.ts';

/** `wherry serve users remove`: its tokens end with the account. */
export async function run(context: CommandContext): Promise<number> {
  const [name = ''] = context.args;
  const { removeUser } = await import('@wherry/server');
  const { users } = await servicePlaces(context);
  await plainly(() => removeUser(users, name));
  context.io.stdout.write(`Removed ${name}\n`);
  return 0;
}
