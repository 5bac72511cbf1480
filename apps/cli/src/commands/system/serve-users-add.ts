import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import { passwordFromStdin } from '../../output/password.ts';
import { prompt } from '../../output/prompt.ts';
import { servicePlaces } from './service-places.ts';

/** `wherry serve users add`: an account, or another password for it. */
export async function run(context: CommandContext): Promise<number> {
  const { args, flags, io } = context;
  const [name = ''] = args;
  const { addUser } = await import('@wherry/server');
  const { users } = await servicePlaces(context);
  const password = flags.bool('password-stdin') ? await passwordFromStdin(io.stdin) : await askTwice(context);
  const outcome = await plainly(() => addUser(users, name, password));
  io.stdout.write(outcome === 'added' ? `Added ${name}\n` : `Changed the password of ${name}\n`);
  return 0;
}

async function askTwice({ io, signal }: CommandContext): Promise<string> {
  if (!io.stdin.isTTY)
    throw new CommandError('there is no terminal to ask for the password: use --password-stdin');
  const password = await prompt(io, 'Password: ', { hidden: true, signal });
  if ((await prompt(io, 'Again: ', { hidden: true, signal })) !== password)
    throw new CommandError('the two passwords are not the same');
  return password;
}
