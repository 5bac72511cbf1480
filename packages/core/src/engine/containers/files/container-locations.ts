import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { WherryError } from '../../../errors.ts';
import { pathIn, type WalkedPath, walkBelow } from '../../../rootfs/scoped-walk.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import { type ContainerFiles, fromLatin1, mountTarget, toLatin1 } from './container-files.ts';
import { type CopyDestination, type CopySource, containerPath, copyFault } from './copy-paths.ts';
import { notCopiedTo } from './local-copy.ts';

/** Something in a container: an open directory, or a file in it. */
export interface ContainerFile extends CopySource, Disposable {
  readonly fd: number;
  /** Its name in the directory, one character per byte; absent: it is the directory. */
  readonly file?: string;
  /** Without a slash in front, one character per byte. */
  readonly path: string;
  readonly size: number;
}

interface Asked {
  readonly container: string;
  readonly path: string;
  readonly followLink?: boolean;
}

/** Finds what is to be copied. Throws `FILE_NOT_FOUND` and `INVALID_ARGUMENT` in Docker's words. */
export function locate(files: ContainerFiles, asked: Asked): ContainerFile {
  const { container, path, followLink = false } = asked;
  if (path === '') throw new WherryError('INVALID_ARGUMENT', 'bad parameter: path cannot be empty');
  const absolute = containerPath(path);
  const link = linkAt(files, absolute);
  if (link !== undefined && !followLink) return link;
  const walked = walkBelow(files.root, toLatin1(absolute), files.grafts);
  try {
    if (walked.missing.length > 0) throw notFound(path, container);
    if (walked.file !== undefined && /\/\.?$/.test(absolute))
      throw new WherryError('INVALID_ARGUMENT', `lstat ${absolute}: not a directory`);
    const asked = absolute.endsWith('/.') ? '.' : posix.basename(absolute);
    const base = link === undefined ? asked : posix.basename(fromLatin1(walked.path));
    return { ...fileOf(walked), base, ...(base !== asked && { rebase: asked }) };
  } catch (error) {
    walked[Symbol.dispose]();
    throw error;
  }
}

/** A link at the end of a path that does not say it is a directory. */
function linkAt(files: ContainerFiles, absolute: string): ContainerFile | undefined {
  const base = posix.basename(absolute);
  if (/\/\.?$/.test(absolute) || files.grafts.has(toLatin1(absolute).slice(1))) return undefined;
  const parent = walkBelow(files.root, toLatin1(posix.dirname(absolute)), files.grafts);
  const isPlace = parent.missing.length === 0 && parent.file === undefined;
  const stats = isPlace && lstatSync(pathIn(parent.fd, toLatin1(base)), { throwIfNoEntry: false });
  if (stats === false || !stats?.isSymbolicLink()) {
    parent[Symbol.dispose]();
    return undefined;
  }
  const path = posix.join(parent.path, toLatin1(base));
  return {
    ...{ fd: parent.fd, file: toLatin1(base), path, base, isDirectory: false, size: stats.size },
    [Symbol.dispose]: () => parent[Symbol.dispose](),
  };
}

function fileOf(walked: WalkedPath): Omit<ContainerFile, 'base' | 'rebase'> {
  const { fd, path, file } = walked;
  const size = file === undefined ? 0 : lstatSync(pathIn(fd, file)).size;
  return {
    ...{ fd, path, size, isDirectory: file === undefined, ...(file !== undefined && { file }) },
    [Symbol.dispose]: () => walked[Symbol.dispose](),
  };
}

/** Looks at where a copy is to go. Throws `INVALID_ARGUMENT` for a device. */
export function findTarget(files: ContainerFiles, { container, path }: Asked): CopyDestination {
  if (path === '') return { path: '/', exists: false, isDirectory: false };
  const absolute = containerPath(path);
  const link = linkAt(files, absolute);
  link?.[Symbol.dispose]();
  using walked = walkIfPossible(files, absolute);
  if (walked === undefined) return { path: absolute, exists: false, isDirectory: false };
  const target = link === undefined ? absolute : `/${fromLatin1(walked.path)}`;
  if (walked.missing.length > 0) return { path: target, exists: false, isDirectory: false };
  const stats = walked.file === undefined ? undefined : lstatSync(pathIn(walked.fd, walked.file));
  const fault = stats && notCopiedTo(stats);
  if (fault !== undefined)
    throw copyFault(`destination "${container}:${path}" must be a directory or a regular file: ${fault}`);
  return { path: target, exists: true, isDirectory: stats === undefined };
}

/** As Docker's client, which lets the copy itself say what is wrong with a path. */
function walkIfPossible(files: ContainerFiles, absolute: string): WalkedPath | undefined {
  try {
    return walkBelow(files.root, toLatin1(absolute), files.grafts);
  } catch (error) {
    if (error instanceof WherryError) return undefined;
    throw error;
  }
}

/**
 * The real path of a directory that is written into, one character per byte. Throws `FILE_NOT_FOUND`,
 * `INVALID_ARGUMENT` in Docker's words, also where the container may not write.
 */
export function locateDirectory(files: ContainerFiles, container: string, path: string): string {
  using walked = walkBelow(files.root, toLatin1(path), files.grafts);
  if (walked.missing.length > 0) throw notFound(path, container);
  if (walked.file !== undefined)
    throw new WherryError('INVALID_ARGUMENT', 'extraction point is not a directory');
  requireWritable(files.record, `/${fromLatin1(walked.path)}`);
  return `/${walked.path}`;
}

function requireWritable({ options }: ContainerRecord, path: string): void {
  const around = (options.mounts ?? [])
    .filter(({ target }) => `${path}/`.startsWith(`${mountTarget(target)}/`))
    .sort((a, b) => b.target.length - a.target.length)[0];
  if (around === undefined && options.readOnlyRootfs)
    throw new WherryError('INVALID_ARGUMENT', 'container rootfs is marked read-only');
  if (around !== undefined && around.type !== 'tmpfs' && around.readOnly)
    throw new WherryError('INVALID_ARGUMENT', 'mounted volume is marked read-only');
}

function notFound(path: string, container: string): WherryError {
  return new WherryError('FILE_NOT_FOUND', `Could not find the file ${path} in container ${container}`);
}
