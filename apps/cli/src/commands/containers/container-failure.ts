import { isWherryError } from '@wherry/core';
import { CommandError, describeSystemError } from '../../errors.ts';
import { BAD_FLAG_EXIT_CODE } from '../../exit-codes.ts';
import { PROGRAM } from '../../program.ts';

/**
 * Runs the work of `run` or `create`: its failures come behind the program's name, with the exit codes that tell
 * them from a container's own: 125, and 126 and 127 for a program that cannot be started.
 */
export async function asContainerCommand<T>(name: 'create' | 'run', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toContainerFailure(name, error);
  }
}

function toContainerFailure(name: 'create' | 'run', error: unknown): unknown {
  const message = messageOf(error);
  if (message === undefined) return error;
  const text = `${PROGRAM}: ${message}\n\nRun '${PROGRAM} ${name} --help' for more information`;
  return new CommandError(text, { exitCode: exitCodeOf(error), cause: error });
}

function messageOf(error: unknown): string | undefined {
  if (error instanceof CommandError) return error.message;
  if (isWherryError(error)) return error.kind === 'cancelled' ? undefined : error.message;
  return describeSystemError(error);
}

function exitCodeOf(error: unknown): number {
  const code = isWherryError(error) ? error.details.exitCode : undefined;
  return typeof code === 'number' ? code : BAD_FLAG_EXIT_CODE;
}
