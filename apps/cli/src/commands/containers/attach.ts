import type { CommandContext } from '../../command.ts';
import { plainly } from '../../errors.ts';
import { attendSession, detachKeysOf, requireTerminal, sessionOptions } from './attend-session.ts';

/** `wherry attach`: takes part in a container that runs. Returns its exit code. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, flags, io } = context;
  const [container = ''] = args;
  const detachKeys = await detachKeysOf(context);
  const { containers } = await engine();
  const { openStdin, options } = await containers.inspect(container);
  const interactive = openStdin && !flags.bool('no-stdin');
  const tty = options.tty === true;
  requireTerminal(io, { interactive, tty });
  const chosen = sessionOptions(context);
  const session = await plainly(() => containers.attach(container, chosen));
  if (tty && chosen.size) await session.resize(chosen.size);
  return await attendSession(context, session, { interactive, tty, detachKeys });
}
