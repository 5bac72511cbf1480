import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { isErrno, WherryError } from '../../errors.ts';

/** As the kernel has it for one look-up, generously. */
const MAX_SYMLINKS = 255;

interface ResolvedPath {
  /** On the host; every component but the missing ones is no symbolic link. */
  readonly path: string;
  /** Components at the end that are not there. */
  readonly missing: readonly string[];
}

/**
 * Finds what `path` means to a process whose root is `rootfs`: symbolic links are followed inside, and nothing
 * leads above the root. Synchronous, as all here: through the thread pool the look-ups of a start take several times
 * as long. Nobody else may change the tree meanwhile, so ask before the container runs.
 * Throws `INVALID_ARGUMENT` for a loop of links.
 */
export function resolveInRootfs(rootfs: string, path: string): ResolvedPath {
  const pending = componentsOf(path).reverse();
  const found: string[] = [];
  const missing: string[] = [];
  for (let links = 0; ; ) {
    const name = pending.pop();
    if (name === undefined) break;
    if (name === '..') {
      (missing.length > 0 ? missing : found).pop();
      continue;
    }
    const link = missing.length > 0 ? MISSING : readLinkAt(join(rootfs, ...found, name));
    if (link === MISSING) missing.push(name);
    else if (link === undefined) found.push(name);
    else {
      if (++links > MAX_SYMLINKS)
        throw new WherryError('INVALID_ARGUMENT', `${path}: too many levels of symbolic links`);
      if (link.startsWith('/')) found.length = 0;
      pending.push(...componentsOf(link).reverse());
    }
  }
  return { path: join(rootfs, ...found, ...missing), missing };
}

const MISSING = Symbol('missing');

/** The target of a link, `undefined` for anything else that is there. */
function readLinkAt(path: string): string | undefined | typeof MISSING {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return MISSING;
    // A file in the middle of the path: the next step says so.
    if (isErrno(error, 'ENOTDIR')) return MISSING;
    throw error;
  }
}

/**
 * Reads a text file of the container's, `maxBytes` of it at most; `undefined` when there is none, or when what
 * is there is no plain file. Throws `TOO_LARGE`.
 */
export function readRootfsFile(rootfs: string, path: string, maxBytes: number): string | undefined {
  const resolved = resolveInRootfs(rootfs, path);
  if (resolved.missing.length > 0) return undefined;
  // Without O_NONBLOCK a named pipe of the image's would hold us up for ever.
  const fd = openSync(resolved.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readBounded(fd, path, maxBytes);
  } finally {
    closeSync(fd);
  }
}

function readBounded(fd: number, path: string, maxBytes: number): string | undefined {
  const stat = fstatSync(fd);
  if (!stat.isFile()) return undefined;
  if (stat.size > maxBytes)
    throw new WherryError('TOO_LARGE', `${path}: ${stat.size} bytes, want ${maxBytes} at most`);
  const bytes = Buffer.alloc(stat.size);
  return bytes.toString('utf8', 0, readSync(fd, bytes));
}

/**
 * Makes a directory of the container's, and those above it, where missing. Throws `INVALID_ARGUMENT` in
 * Docker's words where something else stands in the way.
 */
export function makeRootfsDirectory(rootfs: string, path: string): void {
  const resolved = resolveInRootfs(rootfs, path);
  if (resolved.missing.length === 0) {
    if (lstatSync(resolved.path).isDirectory()) return;
    throw notADirectory(path);
  }
  try {
    mkdirSync(resolved.path, { recursive: true, mode: 0o755 });
  } catch (error) {
    if (!isErrno(error, 'ENOTDIR', 'EEXIST')) throw error;
    throw notADirectory(path);
  }
}

function notADirectory(path: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `Cannot mkdir: ${path} is not a directory`);
}

function componentsOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
