import type { CommandContext } from '../../command.ts';
import { plainly } from '../../errors.ts';
import { servicePlaces } from './service-places.ts';

/** `wherry serve token remove`: a token by its ID, or all of a name. */
export async function run(context: CommandContext): Promise<number> {
  const [idOrName = ''] = context.args;
  const { removeToken } = await import('@wherry/server');
  const { tokens } = await servicePlaces(context);
  await plainly(() => removeToken(tokens, idOrName));
  context.io.stdout.write(`Removed ${idOrName}\n`);
  return 0;
}
