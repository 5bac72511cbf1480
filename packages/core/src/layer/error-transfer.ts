import { type ErrorCode, isErrno, WherryError } from '../errors.ts';

/** A `WherryError` as it crosses between threads, where classes do not survive. */
export interface TransferredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

export function packError(error: unknown): TransferredError {
  if (error instanceof WherryError)
    return { code: error.code, message: error.message, hint: error.hint, details: error.details };
  const message = error instanceof Error ? error.message : String(error);
  const code = isErrno(error, 'ENOSPC', 'EDQUOT') ? 'NO_SPACE' : 'INTERNAL';
  return { code, message, hint: undefined, details: {} };
}

export function unpackError({ code, message, hint, details }: TransferredError): WherryError {
  return new WherryError(code, message, hint === undefined ? { details } : { hint, details });
}
