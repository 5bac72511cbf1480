import { isErrno, WherryError } from '../errors.ts';

/**
 * Gives a file system's refusal a code and a hint: `NO_SPACE` for a full disk or quota, `PERMISSION_DENIED`
 * for missing rights and read-only file systems, `INVALID_CONFIG` for a file in a directory's place. Everything else comes back as it is.
 */
export function toStorageError(error: unknown, action: string): unknown {
  if (isErrno(error, 'ENOSPC', 'EDQUOT'))
    return new WherryError('NO_SPACE', `${action}: no space left on device`, {
      hint: 'free some space and run the same command again: what is here already is kept',
      cause: error,
    });
  if (isErrno(error, 'EROFS'))
    return new WherryError('PERMISSION_DENIED', `${action}: read-only file system`, { cause: error });
  if (isErrno(error, 'EACCES', 'EPERM'))
    return new WherryError('PERMISSION_DENIED', `${action}: permission denied`, {
      hint: 'check who owns the store, or choose another one with WHERRY_ROOT',
      cause: error,
    });
  if (isErrno(error, 'ENOTDIR', 'EEXIST'))
    return new WherryError('INVALID_CONFIG', `${action}: not a directory`, {
      hint: 'the root of the store must be a directory of its own',
      cause: error,
    });
  return error;
}

/** Runs `work`; what the file system refuses is thrown as `toStorageError` puts it. */
export async function withStorageErrors<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStorageError(error, action);
  }
}
