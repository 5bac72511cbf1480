import { isWherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { CommandError } from '../errors.ts';
import { followSize, makeRaw, requireTerminal, restore, sessionOptions } from './attend-session.ts';
import { environmentOf } from './container-env.ts';

/** `wherry exec`: one more process in a container that runs. Returns its exit code. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, flags, io } = context;
  const [container = '', ...command] = args;
  const [interactive, tty] = [flags.bool('interactive'), flags.bool('tty')];
  requireTerminal(io, { interactive, tty });
  const [user, workingDir] = [flags.string('user'), flags.string('workdir')];
  const request = {
    ...{ container, command, tty },
    ...(await environmentOf(flags, io.env)),
    ...(user && { user }),
    ...(workingDir && { workingDir }),
  };
  const { containers } = await engine();
  const { sink, size } = sessionOptions(context);
  const stdin = interactive ? io.stdin : undefined;
  const session = await containers.exec(request, { sink, ...(stdin && { stdin }), ...(size && { size }) });
  const isRaw = interactive && tty;
  if (isRaw) makeRaw(io.stdin);
  const unfollow = tty ? followSize(io, session) : () => undefined;
  try {
    return await session.exitCode;
  } catch (error) {
    throw toExecFailure(error);
  } finally {
    unfollow();
    if (interactive) restore(io.stdin, isRaw);
  }
}

/** A process that cannot be started gives the code to end with. */
function toExecFailure(error: unknown): unknown {
  const exitCode = isWherryError(error) ? error.details.exitCode : undefined;
  if (!isWherryError(error) || typeof exitCode !== 'number') return error;
  return new CommandError(error.message, { exitCode, cause: error });
}
