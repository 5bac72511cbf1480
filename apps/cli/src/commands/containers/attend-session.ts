import { spawnSync } from 'node:child_process';
import {
  type ContainerSession,
  DEFAULT_DETACH_KEYS,
  DetachKeyFilter,
  parseDetachKeys,
  type SessionOptions,
  type StartOptions,
  type TerminalSize,
} from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import type { Io, StdIn } from '../../io.ts';
import { warningsTo } from '../../output/warnings.ts';

export interface Attendance {
  /** What is typed, or comes in, goes to the container. */
  readonly interactive: boolean;
  readonly tty: boolean;
  /** Typed on a terminal, these leave the container running. */
  readonly detachKeys: Uint8Array;
}

/** Seconds that a container has to end after Ctrl-C or a termination: less than what we have ourselves. */
const STOP_SECONDS = 3;

/** The keys of `--detach-keys`. Throws a `CommandError`. */
export async function detachKeysOf({ flags }: CommandContext): Promise<Uint8Array> {
  return await plainly(() => parseDetachKeys(flags.string('detach-keys') ?? DEFAULT_DETACH_KEYS));
}

/** A terminal of the container's needs one of ours to type on. */
export function requireTerminal(io: Io, { interactive, tty }: Omit<Attendance, 'detachKeys'>): void {
  if (interactive && tty && io.stdin.isTTY !== true) throw new CommandError('the input device is not a TTY');
}

/** For a start in the background: what is wrong, but no hindrance, is told. */
export function startOptions({ io, signal }: CommandContext): StartOptions {
  return { signal, onProgress: warningsTo(io) };
}

/** Where a container's output goes, and the size of the terminal that shows it. */
export function sessionOptions(context: CommandContext): SessionOptions {
  const { io } = context;
  const size = terminalSize(io);
  return {
    ...startOptions(context),
    sink: (stream, chunk) => io[stream].writeBytes(chunk),
    ...(size && { size }),
  };
}

/**
 * Stays with a container until it ends: brings it input and the size of the terminal, and ends it when we are to
 * end, or with `--sig-proxy=false` leaves it running. Returns its exit code; 0 when it was detached from.
 */
export async function attendSession(
  context: CommandContext,
  session: ContainerSession,
  attendance: Attendance,
): Promise<number> {
  const { engine, flags, io, signal } = context;
  const { interactive, tty } = attendance;
  const endsIt = !flags.has('sig-proxy') || flags.bool('sig-proxy');
  const stop = async () => {
    if (!endsIt) {
      session.detach();
      return;
    }
    const { containers } = await engine();
    await containers.stop({ container: session.id, timeoutSeconds: STOP_SECONDS });
  };
  // Whether it works or not, the container's end is what we wait for.
  const onAbort = () => void stop().catch(() => undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const unfollow = tty ? followSize(io, session) : () => undefined;
  const release = interactive ? feed(io, session, attendance) : () => undefined;
  try {
    return (await session.exitCode) ?? 0;
  } finally {
    release();
    unfollow();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Brings the container what is typed; returns what puts the input back as it was. */
function feed({ stdin }: Io, session: ContainerSession, { tty, detachKeys }: Attendance): () => void {
  const isRaw = tty && stdin.isTTY === true;
  const filter = new DetachKeyFilter(isRaw ? detachKeys : new Uint8Array());
  const onData = (chunk: Uint8Array) => {
    const { input, isDetached } = filter.push(chunk);
    stdin.pause();
    session.write(input).then(
      (isTaken) => {
        if (isDetached) session.detach();
        // Not at once: input that never ends must let the container's output, and its end, come in between.
        else if (isTaken) setImmediate(() => stdin.resume());
      },
      // The container is gone.
      () => undefined,
    );
  };
  const onEnd = () => session.endStdin();
  if (isRaw) makeRaw(stdin);
  stdin.on('data', onData).once('end', onEnd);
  return () => {
    stdin.off('data', onData).off('end', onEnd);
    restore(stdin, isRaw);
  };
}

/** Puts the input back as it was, and waits for no more of it. */
export function restore(stdin: StdIn, isRaw: boolean): void {
  if (isRaw) stdin.setRawMode?.(false);
  // Otherwise it keeps the process alive, waiting for a key.
  stdin.pause();
  stdin.destroy();
}

/** Node's raw mode goes on making two characters of each newline, which the container's terminal does already. */
export function makeRaw(stdin: StdIn): void {
  stdin.setRawMode?.(true);
  if (stdin === process.stdin) spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** Gives a terminal in the container the size of ours whenever that changes; returns what ends it. */
export function followSize(io: Io, session: Pick<ContainerSession, 'resize'>): () => void {
  const onResize = () => setImmediate(() => void resize(io, session));
  process.on('SIGWINCH', onResize);
  return () => process.off('SIGWINCH', onResize);
}

async function resize(io: Io, session: Pick<ContainerSession, 'resize'>): Promise<void> {
  const size = terminalSize(io);
  try {
    if (size) await session.resize(size);
  } catch {
    // The container has ended just now; its exit code tells.
  }
}

function terminalSize({ stdout }: Io): TerminalSize | undefined {
  const { rows, columns } = stdout;
  return rows && columns ? { rows, columns } : undefined;
}
