import { WherryError } from '../errors.ts';
import { ownerNotMapped } from './unpack/unpack-error.ts';

const XATTR_REFUSED =
  /Cannot set '([^']*)' extended attribute .*: (?:Operation not permitted|Operation not supported)$/;

/** Options of GNU tar that keep all of an entry, whoever runs it; its messages then come in English. */
export const TAR_XATTR_ARGS = ['--xattrs', '--xattrs-include=*'] as const;

/** Options of a tar that unpacks with owners, modes and all. */
export const EXTRACT_ALL_ARGS = [
  ...['-x', '-p', '--numeric-owner', '--warning=no-timestamp'],
  ...TAR_XATTR_ARGS,
] as const;

/** As `EXTRACT_ALL_ARGS`, without what would be marks of an overlay that is not there. */
export const EXTRACT_ARGS = [
  ...EXTRACT_ALL_ARGS,
  ...['--xattrs-exclude=trusted.overlay.*', '--xattrs-exclude=user.overlay.*'],
] as const;

/** `LC_ALL=C`, as what tar says on stderr is read. */
export function tarEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', TAR_OPTIONS: undefined };
}

/** Says that there is no tar program, or one that cannot do what is needed. */
export function noUsableTar(cause: unknown): WherryError {
  return new WherryError('UNSUPPORTED', 'GNU tar with support for extended attributes is not installed', {
    hint: 'install GNU tar (the package tar of your distribution); BusyBox has another one',
    cause,
  });
}

/**
 * Reads what tar wrote to stderr. Returns the extended attributes that the file system or the lack of rights
 * refused, which Docker does without too. Throws `UNSUPPORTED` when tar is not up to it, `NO_SPACE`, else `INTERNAL`.
 */
export function readTarMessages(stderr: string, status: number | null): string[] {
  const refused: string[] = [];
  for (const line of stderr.split('\n').filter((each) => each !== '')) {
    const key = XATTR_REFUSED.exec(line)?.[1];
    if (key === undefined || /^(?:trusted|user)\.overlay\./.test(key)) throw tarFailure(line);
    refused.push(key);
  }
  if (status !== 0) throw tarFailure(`exit status ${status}`);
  return refused;
}

function tarFailure(line: string): WherryError {
  if (/unrecognized option|invalid option|support is not available/i.test(line))
    return noUsableTar(new Error(line));
  if (/No space left on device|Disk quota exceeded/.test(line))
    return new WherryError('NO_SPACE', 'no space left on device', { details: { tar: line } });
  const owner = /Cannot change ownership to uid (\d+), gid (\d+)/.exec(line);
  if (owner) return ownerNotMapped('tar', `${owner[1]}:${owner[2]}`);
  // Devices are not asked of it where they cannot be made, but for those that mark deletions.
  if (/Cannot mknod: Operation not permitted/.test(line))
    return new WherryError('UNSUPPORTED', 'the kernel lets only root mark what a layer deletes', {
      hint: 'Linux 5.8 or newer lets root of a user namespace do it too',
    });
  return new WherryError('INTERNAL', `tar failed: ${line.replace(/^tar: /, '')}`);
}
