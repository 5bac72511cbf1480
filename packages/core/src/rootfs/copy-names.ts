import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isErrno, throwIfCancelled } from '../errors.ts';
import { EXTRACT_ARGS, noUsableTar, readTarMessages, tarEnvironment } from './tar-child.ts';
import { endOf, nameList, startTarOf } from './tar-list.ts';

export interface CopyOptions {
  readonly signal?: AbortSignal;
  /** What is below the named directories too. */
  readonly isRecursive?: boolean;
}

/**
 * Copies what has these names below `from`, one character per byte, to the same names below `to`, with all
 * attributes; the empty name is `from` itself. Throws `UNSUPPORTED` without a usable tar program, `NO_SPACE`,
 * `CANCELLED`.
 */
export async function copyNames(
  from: string,
  to: string,
  names: readonly string[],
  options: CopyOptions = {},
): Promise<void> {
  if (names.length === 0) return;
  const { isRecursive = false, signal } = options;
  throwIfCancelled(signal);
  const writer = startTarOf(from, signal, isRecursive ? ['--sort=name'] : ['--no-recursion']);
  const reader = spawn('tar', [...EXTRACT_ARGS, '-f', '-', '-C', to], {
    env: tarEnvironment(),
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(signal && { signal }),
  });
  try {
    const ends = Promise.all([endOf(writer), endOf(reader)]);
    const [written, read] = await withPipes(ends, [
      pipeline(Readable.from(nameList(names)), writer.stdin),
      pipeline(writer.stdout, reader.stdin),
    ]);
    for (const { stderr, status } of [written, read]) readTarMessages(stderr, status);
  } catch (error) {
    throwIfCancelled(signal);
    if (isErrno(error, 'ENOENT')) throw noUsableTar(error);
    throw error;
  } finally {
    writer.kill();
    reader.kill();
  }
}

/** What the programs say at their ends comes before what broke between them. */
async function withPipes<T>(ends: Promise<T>, pipes: readonly Promise<void>[]): Promise<T> {
  const piped = Promise.allSettled(pipes);
  const result = await ends;
  await piped;
  return result;
}
