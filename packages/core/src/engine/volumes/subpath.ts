import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from '../../content/names-in.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { bindDirectory, unbindDirectory } from '../../rootfs/bind-directory.ts';

export interface SubpathRequest {
  /** The directory that holds what is in the volume. */
  readonly data: string;
  readonly subpath: string;
  /** Where the directory is to appear. */
  readonly target: string;
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Mounts a directory in a volume at a place that no container sees, for the runtime to take it from there. A
 * container that has the volume may put a link in the place of a directory at any time, so the directory is opened
 * name by name, no link is followed, and what was opened is what is mounted. Throws `INVALID_ARGUMENT`.
 */
export async function mountSubpath({ data, subpath, target }: SubpathRequest): Promise<void> {
  await unbindDirectory(target);
  const fd = openSubpath(data, subpath);
  try {
    await bindDirectory(`/proc/${process.pid}/fd/${fd}`, target);
  } finally {
    closeSync(fd);
  }
}

/** The place of one of a container's mounts of subpaths. */
export function subpathTarget(directory: string, container: string, index: number): string {
  return join(directory, `${container}-${index}`);
}

/** Unmounts what was mounted for a container; also after a start that was broken off. */
export async function unmountSubpaths(directory: string, container: string): Promise<void> {
  for (const name of await namesIn(directory))
    if (name.startsWith(`${container}-`)) await unbindDirectory(join(directory, name));
}

function openSubpath(data: string, subpath: string): number {
  const names = subpath.split('/').filter((name) => name !== '' && name !== '.');
  if (subpath.startsWith('/') || names.includes('..'))
    throw new WherryError(
      'INVALID_ARGUMENT',
      'invalid mount config for type "volume": subpath must be a relative path within the volume',
      { details: { subpath } },
    );
  let fd = openSync(data, DIRECTORY);
  for (const name of names) {
    const parent = fd;
    try {
      fd = openSync(`/proc/self/fd/${parent}/${name}`, DIRECTORY);
    } catch (error) {
      throw cannotAccess(subpath, error);
    } finally {
      closeSync(parent);
    }
  }
  return fd;
}

function cannotAccess(subpath: string, error: unknown): unknown {
  const message = isErrno(error, 'ENOENT')
    ? 'no such file or directory'
    : isErrno(error, 'ENOTDIR', 'ELOOP') && 'not a directory';
  if (!message) return error;
  return new WherryError('INVALID_ARGUMENT', `cannot access path ${subpath}: ${message}`, {
    details: { subpath },
    cause: error,
  });
}
