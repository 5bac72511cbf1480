import { WherryError } from '../../errors.ts';
import type { TarEntry } from '../../tar/scanner.ts';
import { byteString, shownName } from './safe-path.ts';

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
}

/** What an archive that asks for the impossible makes the system say. */
const FAULTS_OF_ARCHIVES = [
  'EEXIST',
  'EISDIR',
  'ELOOP',
  'EMLINK',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'ENOTEMPTY',
];

/** Says at which entry the system refused, with a code; other errors come back as they are. */
export function toUnpackError(error: unknown, entry: Pick<TarEntry, 'name' | 'uid' | 'gid'>): unknown {
  if (!isSystemError(error)) return error;
  const action = `${error.syscall} /${shownName(byteString(entry.name))}`;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new WherryError('NO_SPACE', `${action}: no space left on device`, { cause: error });
  if (/chown$/.test(error.syscall) && (error.code === 'EINVAL' || error.code === 'EPERM'))
    return ownerNotMapped(action, `${entry.uid}:${entry.gid}`, error);
  // A path of ours, with numbers of descriptors, would tell a user nothing.
  const why = /^[A-Z0-9]+: ([^,]+),/.exec(error.message)?.[1] ?? error.code;
  const code = FAULTS_OF_ARCHIVES.includes(error.code) ? 'INVALID_TAR' : 'INTERNAL';
  return new WherryError(code, `${action}: ${why}`, { cause: error });
}

/** What makes more than one user exist in a user namespace. */
export const SUBORDINATE_IDS_CURE =
  'install newuidmap (apt install uidmap), and give the user a line such as NAME:100000:65536 in /etc/subuid and in /etc/subgid';

/** Says that a user namespace has no such owner. */
export function ownerNotMapped(action: string, owner: string, cause?: unknown): WherryError {
  return new WherryError(
    'PERMISSION_DENIED',
    `${action}: owner ${owner} is not mapped in this user namespace`,
    { hint: SUBORDINATE_IDS_CURE, cause },
  );
}

function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as Partial<SystemError>;
  return typeof code === 'string' && typeof syscall === 'string';
}
