import { isErrno, isWherryError } from '@wherry/core';
import { FAILURE_EXIT_CODE } from './exit-codes.ts';

/**
 * A failure whose message is printed as it stands. Docker prints an engine's failure behind a prefix, but
 * what the command line or a stream of progress says without one.
 */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? FAILURE_EXIT_CODE;
  }
}

/** A command line that cannot be understood: the message shows how it would be right, too. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
  /** What is wrong, alone. */
  readonly summary: string;
  /** Where more is to be read. */
  readonly pointer: string;

  constructor(summary: string, { usage, pointer, exitCode }: UsageErrorOptions) {
    const paragraphs = [summary, ...(usage === undefined ? [] : [`Usage:  ${usage}`]), pointer];
    super(paragraphs.join('\n\n'), exitCode === undefined ? {} : { exitCode });
    this.summary = summary;
    this.pointer = pointer;
  }
}

interface UsageErrorOptions {
  /** The command's usage line. */
  readonly usage?: string | undefined;
  readonly pointer: string;
  readonly exitCode?: number;
}

/** The same failure, printed without a prefix; cancellation and mistakes of ours stay what they are. */
export function plain(error: unknown, before = ''): unknown {
  if (!isWherryError(error) || error.kind === 'cancelled') return error;
  return new CommandError(before + error.message, { cause: error });
}

/** Runs `work`; its failure is printed without a prefix, after `before` if given. */
export async function plainly<T>(work: () => T | Promise<T>, before = ''): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw plain(error, before);
  }
}

const WORDS_OF_ERRNO: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'disk quota exceeded',
  EBADF: 'bad file descriptor',
  EEXIST: 'file exists',
  EFBIG: 'file too large',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

/** Puts a failed file operation into Docker's words, `open x.tar: permission denied`; rethrows what is none. */
export function fileError(error: unknown, operation: string, path: string): CommandError {
  const words = errnoWords(error);
  if (words === undefined) throw error;
  return new CommandError(`${operation} ${path}: ${words}`, { cause: error });
}

/** A system error in Docker's words, with what it was about; `undefined` for any other error. */
export function describeSystemError(error: unknown): string | undefined {
  const words = errnoWords(error);
  if (words === undefined) return undefined;
  const { syscall, path } = error as NodeJS.ErrnoException;
  const subject = [syscall, path].filter((part) => part !== undefined).join(' ');
  return subject === '' ? words : `${subject}: ${words}`;
}

/** What went wrong with a file or a stream, in Docker's words; `undefined` for any other error. */
export function errnoWords(error: unknown): string | undefined {
  return isErrno(error, ...Object.keys(WORDS_OF_ERRNO)) ? WORDS_OF_ERRNO[error.code] : undefined;
}
