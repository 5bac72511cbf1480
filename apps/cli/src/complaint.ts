import { type ErrorCode, isErrno, isWherryError } from '@wherry/core';
import { CommandError, describeSystemError, UsageError } from './errors.ts';
import { EXIT_CODE_OF_KIND, FAILURE_EXIT_CODE } from './exit-codes.ts';
import { asciiJson, printable } from './output/printable.ts';
import { PROGRAM } from './program.ts';

/** What is told of an error: in words, and to programs. */
export interface Complaint {
  /** Lines, each with its end; empty where there is nothing to say. */
  readonly text: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  readonly exitCode: number;
}

/** Puts any error into the words and the exit code that the user gets. */
export function complaintOf(error: unknown): Complaint {
  if (error instanceof CommandError) return commandComplaint(error);
  const systemError = describeSystemError(error);
  if (systemError !== undefined) {
    const text = printable(`Error: ${systemError}\n`);
    return { text, code: codeOfErrno(error), message: systemError, exitCode: FAILURE_EXIT_CODE };
  }
  if (!isWherryError(error)) return internalComplaint(error);
  const { code, message, hint, kind } = error;
  const lines = kind === 'cancelled' ? '' : `Error: ${message}\n${hint === undefined ? '' : `${hint}\n`}`;
  return { text: printable(lines), code, message, hint, exitCode: EXIT_CODE_OF_KIND[kind] };
}

/** The complaint as one line of JSON. */
export function complaintJson({ code, message, hint }: Pick<Complaint, 'code' | 'message' | 'hint'>): string {
  return `${asciiJson({ error: { code, message, ...(hint === undefined ? {} : { hint }) } })}\n`;
}

function commandComplaint(error: CommandError): Complaint {
  const { cause, exitCode, message } = error;
  if (error instanceof UsageError) {
    const { summary, pointer } = error;
    const text = printable(`${message}\n`);
    return { text, code: 'INVALID_ARGUMENT', message: summary, hint: pointer, exitCode };
  }
  const hint = isWherryError(cause) ? cause.hint : undefined;
  const text = printable(`${message}\n${hint === undefined ? '' : `${hint}\n`}`);
  return { text, code: codeOfCause(cause), message, hint, exitCode };
}

function internalComplaint(error: unknown): Complaint {
  const message = `internal error: ${error instanceof Error ? error.message : String(error)}`;
  const hint = 'Set WHERRY_DEBUG=1 to see where it comes from.';
  const text = `${PROGRAM}: ${message}\n${hint}\n`;
  return { text, code: 'INTERNAL', message, hint, exitCode: FAILURE_EXIT_CODE };
}

/** A command that refuses something of itself has no cause: what it was given is at fault. */
function codeOfCause(cause: unknown): ErrorCode {
  if (isWherryError(cause)) return cause.code;
  return describeSystemError(cause) === undefined ? 'INVALID_ARGUMENT' : codeOfErrno(cause);
}

function codeOfErrno(error: unknown): ErrorCode {
  if (isErrno(error, 'ENOSPC', 'EDQUOT')) return 'NO_SPACE';
  if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return 'PERMISSION_DENIED';
  return isErrno(error, 'ENOENT', 'ENOTDIR') ? 'FILE_NOT_FOUND' : 'INTERNAL';
}
