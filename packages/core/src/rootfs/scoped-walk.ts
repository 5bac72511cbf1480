import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { isErrno, WherryError } from '../errors.ts';
import { shownName } from './unpack/safe-path.ts';

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** As the kernel has it for one look-up, generously. */
const MAX_LINKS = 255;
/** Linux's PATH_MAX; each directory of a path is open while it is walked. */
const MAX_PATH_BYTES = 4096;
/** Linux magic.h: proc, sysfs, cgroup, cgroup2, devpts, mqueue. They show the kernel, not a container's files. */
const KERNEL_FILE_SYSTEMS = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202]);

/** Where a path leads below a root: a directory that is open until it is disposed, and perhaps a name in it. */
export interface WalkedPath extends Disposable {
  /** The last directory of the path that is there. */
  readonly fd: number;
  /** The whole path, links followed, without a slash in front; one character per byte. */
  readonly path: string;
  /** What lies at the end of the path, unless that is the directory. */
  readonly file?: string;
  /** The components at the end that are not there. */
  readonly missing: readonly string[];
}

/** What shows in the place of something else, as mounts do: paths below the root, and what they stand for here. */
export type Grafts = ReadonlyMap<string, string>;

/**
 * Finds what a path means to a process whose root is the directory of descriptor `root`, while others change the
 * tree: links are followed inside, `..` leads back on the way that was come, and the kernel never sees more than one
 * component, below a directory that was opened without following links. A link at the end is followed too. Paths have
 * one character per byte. Throws `INVALID_ARGUMENT` for a loop
 * of links, a path that is too long, or one that leads through a file.
 */
export function walkBelow(root: number, path: string, grafts: Grafts = new Map()): WalkedPath {
  if (path.length >= MAX_PATH_BYTES || path.includes('\0'))
    throw new WherryError('INVALID_ARGUMENT', `${shownName(path)}: file name too long`);
  return new Walk(root, path, grafts).toEnd();
}

/** A path for the next call to the system: one name in an open directory. */
export function pathIn(directory: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, 'latin1');
}

class Walk {
  readonly #root: number;
  readonly #path: string;
  readonly #grafts: Grafts;
  /** The directories on the way, and what they are called. */
  readonly #fds: number[] = [];
  readonly #names: string[] = [];
  readonly #missing: string[] = [];
  #file: string | undefined;

  constructor(root: number, path: string, grafts: Grafts) {
    this.#root = root;
    this.#path = path;
    this.#grafts = grafts;
  }

  toEnd(): WalkedPath {
    const pending = this.#path.split('/').reverse();
    try {
      for (let links = 0; ; ) {
        const name = pending.pop();
        if (name === undefined) break;
        if (name === '' || name === '.') continue;
        const link = this.#step(name);
        if (link === undefined) continue;
        if (++links > MAX_LINKS) throw this.#refused('too many levels of symbolic links');
        if (link.startsWith('/')) this.#back(0);
        pending.push(...link.split('/').reverse());
      }
      return this.#result();
    } catch (error) {
      this.#back(0);
      throw error;
    }
  }

  /** Goes one component on; returns the target of a link, which is still to be followed. */
  #step(name: string): string | undefined {
    if (this.#file !== undefined) throw this.#refused('not a directory');
    if (name === '..') {
      if (this.#missing.pop() === undefined) this.#back(this.#fds.length - 1);
      return undefined;
    }
    if (this.#missing.length > 0) {
      this.#missing.push(name);
      return undefined;
    }
    if (this.#enter(name)) return undefined;
    const link = readLink(this.#directory, name);
    if (link === undefined) this.#file = name;
    return link;
  }

  /** Opens a directory, or notes that there is nothing; `false`: it is something else. */
  #enter(name: string): boolean {
    try {
      if (this.#enterGraft(name)) return true;
      const fd = openSync(pathIn(this.#directory, name), OPEN_DIRECTORY);
      if (isKernels(fd, this.#directory)) {
        closeSync(fd);
        this.#missing.push(name);
        return true;
      }
      this.#fds.push(fd);
      this.#names.push(name);
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOTDIR', 'ELOOP')) return false;
      if (!isErrno(error, 'ENOENT')) throw error;
      this.#missing.push(name);
      return true;
    }
  }

  /** What is mounted is chosen by who made the container, and may be reached by links. */
  #enterGraft(name: string): boolean {
    const graft = this.#grafts.get([...this.#names, name].join('/'));
    if (graft === undefined) return false;
    const isFile = !statSync(graft).isDirectory();
    this.#fds.push(openSync(isFile ? dirname(graft) : graft, constants.O_RDONLY | constants.O_DIRECTORY));
    this.#names.push(name);
    if (isFile) this.#file = basename(graft);
    return true;
  }

  get #directory(): number {
    return this.#fds.at(-1) ?? this.#root;
  }

  #back(length: number): void {
    for (const fd of this.#fds.splice(Math.max(0, length))) closeSync(fd);
    this.#names.length = this.#fds.length;
  }

  #result(): WalkedPath {
    const path = [...this.#names, ...(this.#file === undefined ? [] : [this.#file]), ...this.#missing];
    return {
      fd: this.#directory,
      path: path.join('/'),
      missing: this.#missing,
      ...(this.#file !== undefined && { file: this.#file }),
      [Symbol.dispose]: () => this.#back(0),
    };
  }

  #refused(why: string): WherryError {
    return new WherryError('INVALID_ARGUMENT', `lstat /${shownName(this.#path)}: ${why}`);
  }
}

function isKernels(fd: number, parent: number): boolean {
  if (fstatSync(fd).dev === fstatSync(parent).dev) return false;
  return KERNEL_FILE_SYSTEMS.has(statfsSync(`/proc/self/fd/${fd}/.`).type);
}

/** The target of a link, one character per byte; `undefined` for anything else. */
function readLink(directory: number, name: string): string | undefined {
  const path = pathIn(directory, name);
  if (!lstatSync(path).isSymbolicLink()) return undefined;
  return readlinkSync(path, 'latin1');
}
