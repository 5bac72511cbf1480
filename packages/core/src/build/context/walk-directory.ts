import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { IgnoreDirectory, IgnoreMatcher } from '@wherry/dockerfile';
import { isErrno, throwIfCancelled, WherryError } from '../../errors.ts';
import { DiskDirectory, DiskNode } from './disk-node.ts';
import { shownPath, toDiskPath } from './disk-path.ts';
import { EMPTY_PATH_HASH, extendPathHash, FileTable } from './file-table.ts';

/** After so many names other work gets a turn: some milliseconds. */
const NAMES_A_TURN = 2000;
const MANY_NAMES = 2 * NAMES_A_TURN;

export interface WalkOptions {
  /** What is left out; absent: nothing. */
  readonly ignore?: IgnoreMatcher;
  readonly onWarning?: (message: string) => void;
  /** Told once, on the way, that there are thousands of files: what is known of them stays in memory. */
  readonly onManyFiles?: (() => void) | undefined;
  readonly signal?: AbortSignal;
}

/** A directory and all that was found in it. */
export interface WalkedDirectory {
  readonly root: DiskDirectory;
  /** Its regular files, in the order of their paths. */
  readonly table: FileTable;
}

/**
 * Looks at everything in a directory, opening no file and following no link. System calls are made one after the
 * other on this thread: asynchronous ones cost five times the work. Throws `PERMISSION_DENIED` for what may not be
 * looked at, with Docker's text, `CANCELLED`.
 */
export async function walkDirectory(root: string, options: WalkOptions = {}): Promise<WalkedDirectory> {
  const walk = new Walk(root, options);
  for (let names = 0; walk.step(); names++) {
    if (names % NAMES_A_TURN !== 0) continue;
    throwIfCancelled(options.signal);
    if (names > 0) await setImmediate();
    if (names === MANY_NAMES) options.onManyFiles?.();
  }
  return walk;
}

/** A directory whose names are being looked at. */
interface OpenDirectory {
  readonly node: DiskDirectory;
  readonly path: string;
  readonly ignore: IgnoreDirectory | undefined;
  /** Those that are left, the last one first. */
  readonly names: string[];
  /** The one that leads to it; absent once the tree has it. */
  unlinkedFrom: OpenDirectory | undefined;
}

class Walk implements WalkedDirectory {
  readonly root: DiskDirectory;
  readonly table = new FileTable();
  readonly #options: WalkOptions;
  readonly #open: OpenDirectory[] = [];
  /** Device and inode of files with several names. */
  readonly #linked = new Map<string, DiskNode>();

  constructor(root: string, options: WalkOptions) {
    this.#options = options;
    const stats = lookAt(root);
    if (stats === undefined) throw new WherryError('FILE_NOT_FOUND', `path ${shownPath(root)} not found`);
    this.root = new DiskDirectory(root, undefined, stats, EMPTY_PATH_HASH);
    this.#enter(this.root, root, options.ignore?.root);
  }

  /** Goes on by one name; `false`: all are done. */
  step(): boolean {
    const directory = this.#open.at(-1);
    if (directory === undefined) return false;
    const name = directory.names.pop();
    if (name === undefined) this.#open.pop();
    else this.#visit(directory, name);
    return true;
  }

  #visit(directory: OpenDirectory, name: string): void {
    const { ignore } = directory;
    const isExcluded = ignore?.judge(shownPath(name)).isExcluded ?? false;
    // Only directories are looked at though they are excluded, and only where something in them may be in.
    if (isExcluded && !ignore?.enter(shownPath(name)).mayReincludeBelow) return;
    const path = `${directory.path}/${name}`;
    const stats = lookAt(path);
    // It went away since the directory was read.
    if (stats === undefined) return;
    if (stats.isDirectory()) this.#visitDirectory(directory, name, stats, isExcluded);
    else if (!isExcluded) this.#addLeaf(directory, name, stats);
  }

  #visitDirectory(from: OpenDirectory, name: string, stats: Stats, isExcluded: boolean): void {
    const { node, ignore } = from;
    const pathHash = extendPathHash(node.pathHash, name);
    const directory = new DiskDirectory(name, node, stats, pathHash);
    const opened = this.#enter(directory, `${from.path}/${name}`, ignore?.enter(shownPath(name)), from);
    if (!isExcluded && opened) link(opened);
  }

  #enter(
    node: DiskDirectory,
    path: string,
    ignore: IgnoreDirectory | undefined,
    from?: OpenDirectory,
  ): OpenDirectory | undefined {
    const names = namesIn(path);
    if (names === undefined) return undefined;
    const opened: OpenDirectory = { node, path, ignore, names, unlinkedFrom: from };
    this.#open.push(opened);
    return opened;
  }

  #addLeaf(directory: OpenDirectory, name: string, stats: Stats): void {
    const path = `${directory.path}/${name}`;
    if (stats.isSocket()) {
      this.#options.onWarning?.(`${shownPath(path)}: a socket is not sent to the builder`);
      return;
    }
    const identity = stats.nlink > 1 ? identityOf(path, stats) : undefined;
    const known = identity === undefined ? undefined : this.#linked.get(identity);
    const node = known ?? this.#makeLeaf(directory.node, name, path, stats);
    if (node === undefined) return;
    if (identity !== undefined) this.#linked.set(identity, node);
    link(directory);
    directory.node.children.set(name, node);
  }

  #makeLeaf(parent: DiskDirectory, name: string, path: string, stats: Stats): DiskNode | undefined {
    if (stats.isFile()) {
      const place = this.table.add(stats, extendPathHash(parent.pathHash, name));
      return new DiskNode(name, parent, stats, { place });
    }
    if (!stats.isSymbolicLink()) return new DiskNode(name, parent, stats);
    const link = targetOf(path);
    return link && new DiskNode(name, parent, stats, { link });
  }
}

/** Puts a directory into the tree, and those that lead to it: one that is excluded is there when it is needed. */
function link(directory: OpenDirectory): void {
  for (let at = directory; at.unlinkedFrom !== undefined; ) {
    const from: OpenDirectory = at.unlinkedFrom;
    from.node.children.set(at.node.name, at.node);
    at.unlinkedFrom = undefined;
    at = from;
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(toDiskPath(path), { throwIfNoEntry: false });
  } catch (error) {
    throw refusal(error, path);
  }
}

/** What names of one file have in common; `undefined`: it went away. */
function identityOf(path: string, stats: Stats): string | undefined {
  if (Number.isSafeInteger(stats.ino)) return `${stats.dev}:${stats.ino}`;
  // Two large numbers may look the same.
  const exact = lstatSync(toDiskPath(path), { bigint: true, throwIfNoEntry: false });
  return exact && `${exact.dev}:${exact.ino}`;
}

/** The last one first; `undefined`: the directory went away. */
function namesIn(path: string): string[] | undefined {
  try {
    const names = readdirSync(toDiskPath(path), 'latin1');
    return names.sort().reverse();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw refusal(error, path);
  }
}

function targetOf(path: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(readlinkSync(toDiskPath(path), 'buffer'));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw refusal(error, path);
  }
}

function refusal(error: unknown, path: string): unknown {
  const shown = shownPath(path);
  if (isErrno(error, 'EACCES', 'EPERM'))
    return new WherryError('PERMISSION_DENIED', `error checking context: can't stat '${shown}'`, {
      hint: 'make it readable, or name it in the .dockerignore',
      cause: error,
    });
  if (isErrno(error, 'ENAMETOOLONG'))
    return new WherryError('UNSUPPORTED', `error checking context: lstat ${shown}: file name too long`, {
      cause: error,
    });
  if (isErrno(error, 'ENOTDIR', 'EINVAL'))
    return new WherryError('CONFLICT', `${shown} changed while the build context was read`, { cause: error });
  return error;
}
