import { WherryError } from '../errors.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { byteString, shownName } from './safe-path.ts';

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
}

/** Says at which entry the system refused, with a code; other errors come back as they are. */
export function toUnpackError(error: unknown, entry: TarEntry): unknown {
  if (!isSystemError(error)) return error;
  const name = shownName(byteString(entry.name));
  const action = `${error.syscall} /${name}`;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new WherryError('NO_SPACE', `${action}: no space left on device`, { cause: error });
  if (/chown$/.test(error.syscall) && (error.code === 'EINVAL' || error.code === 'EPERM'))
    return new WherryError(
      'PERMISSION_DENIED',
      `${action}: owner ${entry.uid}:${entry.gid} is not mapped in this user namespace`,
      { hint: 'give the user more subordinate IDs in /etc/subuid and /etc/subgid', cause: error },
    );
  // A path of ours, with numbers of descriptors, would tell a user nothing.
  const why = /^[A-Z0-9]+: ([^,]+),/.exec(error.message)?.[1] ?? error.code;
  return new WherryError('INVALID_TAR', `${action}: ${why}`, { cause: error });
}

function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as Partial<SystemError>;
  return typeof code === 'string' && typeof syscall === 'string';
}
