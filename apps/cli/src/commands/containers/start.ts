import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import {
  attendSession,
  detachKeysOf,
  requireTerminal,
  sessionOptions,
  startOptions,
} from './attend-session.ts';
import { forEachContainer } from './for-each-container.ts';

/** `wherry start`: starts containers again; with `--attach` one, in the foreground. */
export async function run(context: CommandContext): Promise<number> {
  const { args, flags, io } = context;
  if (flags.bool('attach') || flags.bool('interactive')) return await startAttached(context);
  const failed: string[] = [];
  const exitCode = await forEachContainer(context, async (containers, container) => {
    try {
      await containers.start(container, startOptions(context));
      return container;
    } catch (error) {
      failed.push(container);
      throw error;
    }
  });
  const inOrder = args.filter((container) => failed.includes(container));
  if (inOrder.length > 0) io.stderr.write(`Error: failed to start containers: ${inOrder.join(', ')}\n`);
  return exitCode;
}

async function startAttached(context: CommandContext): Promise<number> {
  const { args, flags } = context;
  const [container = '', ...others] = args;
  if (others.length > 0) throw new CommandError('you cannot start and attach multiple containers at once');
  const detachKeys = await detachKeysOf(context);
  const { containers } = await context.engine();
  const { openStdin, options } = await containers.inspect(container);
  const interactive = flags.bool('interactive') && openStdin;
  const tty = options.tty === true;
  requireTerminal(context.io, { interactive, tty });
  const attached = sessionOptions(context);
  // As with Docker, one that runs already is joined.
  const session =
    (await containers.startSession(container, attached)) ?? (await containers.attach(container, attached));
  return await attendSession(context, session, { interactive, tty, detachKeys });
}
