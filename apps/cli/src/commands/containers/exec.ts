import { DetachKeyFilter, type ExecRequest, type ExecSession, isWherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { StdIn } from '../../io.ts';
import {
  detachKeysOf,
  followSize,
  makeRaw,
  requireTerminal,
  restore,
  sessionOptions,
} from './attend-session.ts';
import { environmentOf } from './container-env.ts';

/** `wherry exec`: one more process in a container that runs. Returns its exit code. */
export async function run(context: CommandContext): Promise<number> {
  const { engine, flags } = context;
  if (!flags.bool('detach')) return await execAttached(context);
  const request = await execRequest(context);
  await (await engine()).containers.execDetached(request);
  return 0;
}

async function execAttached(context: CommandContext): Promise<number> {
  const { engine, flags, io } = context;
  const [interactive, tty] = [flags.bool('interactive'), flags.bool('tty')];
  requireTerminal(io, { interactive, tty });
  const isRaw = interactive && tty;
  const keys = new DetachKeyFilter(isRaw ? await detachKeysOf(context) : new Uint8Array());
  const request = await execRequest(context);
  const { containers } = await engine();
  const { sink, size } = sessionOptions(context);
  let session: ExecSession | undefined;
  const stdin = interactive ? typed(io.stdin, keys, () => session?.detach()) : undefined;
  const begun = await started(() =>
    containers.exec(request, { sink, ...(stdin && { stdin }), ...(size && { size }) }),
  );
  session = begun;
  if (isRaw) makeRaw(io.stdin);
  const unfollow = tty ? followSize(io, begun) : () => undefined;
  try {
    return (await started(() => begun.exitCode)) ?? 0;
  } finally {
    unfollow();
    if (interactive) restore(io.stdin, isRaw);
  }
}

async function execRequest({ args, flags, io }: CommandContext): Promise<ExecRequest> {
  const [container = '', ...command] = args;
  const [user, workingDir] = [flags.string('user'), flags.string('workdir')];
  return {
    ...{ container, command, tty: flags.bool('tty') },
    ...(await environmentOf(flags, io.env)),
    ...(user && { user }),
    ...(workingDir && { workingDir }),
    ...(flags.bool('privileged') && { privileged: true }),
  };
}

/** What comes in, up to the keys that detach. */
async function* typed(
  stdin: StdIn,
  keys: DetachKeyFilter,
  detach: () => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of stdin) {
    const { input, isDetached } = keys.push(chunk as Uint8Array);
    if (input.length > 0) yield input;
    if (isDetached) return detach();
  }
}

/** A process that cannot be started gives the code to end with. */
async function started<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const exitCode = isWherryError(error) ? error.details.exitCode : undefined;
    if (!isWherryError(error) || typeof exitCode !== 'number') throw error;
    throw new CommandError(error.message, { exitCode, cause: error });
  }
}
