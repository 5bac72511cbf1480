import type { Stats } from 'node:fs';
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { posix, resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { isErrno } from '../../../errors.ts';
import {
  assertsDirectory,
  type CopyDestination,
  type CopySource,
  copyFault,
  keepAssertion,
} from './copy-paths.ts';

/** Links that a destination may lead through. */
const MAX_LINKS = 10;

/** Something of this machine's that is copied. */
export interface LocalSource extends CopySource {
  /** Absolute, links followed as far as they are to be. */
  readonly path: string;
}

/**
 * Looks at what is copied: a link at the end of the path is followed with `followLink`, or when the path says that it is a
 * directory. Throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` for a file that is said to be a directory.
 */
export async function localSource(path: string, followLink: boolean): Promise<LocalSource> {
  const absolute = keepAssertion(resolve(path), path);
  const wanted = absolute.replace(/(?<=.)\/\.?$/, '');
  const follows = followLink || assertsDirectory(absolute);
  const found = await named(() =>
    follows
      ? realpath(wanted)
      : realParent(wanted).then((parent) => posix.join(parent, posix.basename(wanted))),
  );
  const stats = await named(() => lstat(found));
  if (assertsDirectory(absolute) && !stats.isDirectory()) throw copyFault('not a directory');
  const isContent = posix.basename(absolute) === '.' && absolute !== '/';
  const base = isContent ? '.' : posix.basename(found);
  const asked = posix.basename(wanted);
  const isRenamed = !isContent && asked !== base;
  return { path: found, isDirectory: stats.isDirectory(), base, ...(isRenamed && { rebase: asked }) };
}

/**
 * Looks at where a copy goes. Throws `INVALID_ARGUMENT` in Docker's words when its parent is missing, or for what is
 * neither file nor directory.
 */
export async function localDestination(path: string): Promise<CopyDestination> {
  let at = keepAssertion(resolve(path), path);
  await requireOutput(at);
  for (let links = 0; links < MAX_LINKS; links++) {
    const clean = at.replace(/(?<=.)\/\.?$/, '');
    const stats = await statIfThere(clean, lstat);
    if (stats === undefined) {
      await named(() => stat(posix.dirname(clean)));
      return { path: at, exists: false, isDirectory: false };
    }
    if (!stats.isSymbolicLink()) return { path: at, exists: true, isDirectory: stats.isDirectory() };
    at = keepAssertion(resolve(posix.dirname(clean), await readlink(clean)), at);
  }
  throw copyFault(`too many symlinks in ${JSON.stringify(path)}`);
}

/** docker/cli, `command.ValidateOutputPath`. */
async function requireOutput(path: string): Promise<void> {
  const directory = posix.dirname(path.replace(/(?<=.)\/\.?$/, ''));
  if ((await statIfThere(directory, stat)) === undefined)
    throw copyFault(`invalid output path: directory ${JSON.stringify(directory)} does not exist`);
  const stats = await statIfThere(path, stat);
  const fault = stats && notCopiedTo(stats);
  if (fault !== undefined)
    throw copyFault(
      `invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: ${fault}`,
    );
}

/** Why nothing is copied onto something of this kind; `undefined`: it may be. */
export function notCopiedTo(stats: Stats): string | undefined {
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'got a device' : undefined;
}

async function realParent(path: string): Promise<string> {
  return await realpath(posix.dirname(path));
}

async function statIfThere(path: string, look: (path: string) => Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await look(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw toFileError(error);
  }
}

async function named<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw toFileError(error);
  }
}

/** What the system says of a file of this machine's, in the order that Docker has. */
function toFileError(error: unknown): unknown {
  const { code, errno, path } = error as NodeJS.ErrnoException;
  if (errno === undefined || path === undefined) return error;
  const kind =
    code === 'ENOENT' ? 'FILE_NOT_FOUND' : code === 'EACCES' ? 'PERMISSION_DENIED' : 'INVALID_ARGUMENT';
  return copyFault(`lstat ${path}: ${getSystemErrorMessage(errno)}`, kind, error);
}
