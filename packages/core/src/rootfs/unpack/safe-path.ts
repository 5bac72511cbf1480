import { closeSync, constants, mkdirSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { isErrno, WherryError } from '../../errors.ts';
import { DirectoryNode, type Place, type TreeNode } from './tree-node.ts';

/** Linux's PATH_MAX and NAME_MAX; file systems below wherry's root have no larger ones. */
const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;
/** Symlinks may make a tree deeper than any one path that leads into it. */
const MAX_DEPTH = 512;
/** As the kernel's MAXSYMLINKS. */
const MAX_LINKS = 40;
/** Directories and links that are remembered, at some 250 bytes each: more do not fit a thread's heap. */
const MAX_NODES = 500_000;
/** Directories that are kept open: with fewer, entries far down in turns could have thousands opened each time. */
const MAX_OPEN = 256;
/** Until its attributes are set, nobody else has business in a directory that is being filled. */
const PRIVATE_MODE = 0o700;
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * The only way from a name in an archive to a path. A name is settled in a model of what this unpacking has made:
 * `..` stops at the root, symlinks lead where they would after a chroot, and what they lead to must be ours.
 * The kernel then never sees more of it than one component, below a directory that was opened step by step from
 * the root without following links: `/proc/self/fd/<n>/<component>`. Whoever swaps a directory for a link
 * meanwhile makes the unpacking fail, and no file lands elsewhere.
 *
 * Names are strings of one character per byte (latin1), because names in archives need not be text.
 */
export class SafeRoot {
  readonly root = new DirectoryNode(undefined, '');
  /** Open directories, the one used last at the end. */
  readonly #open = new Set<DirectoryNode>();
  /** Stays open while the way to another one is opened. */
  #pinned: DirectoryNode | undefined;
  #nodes = 0;
  /** The directory that the last entry's name led to, for the many that lead there again. */
  #lastParent: { readonly name: string; readonly node: DirectoryNode } | undefined;

  /** `directory` must exist and be empty. */
  constructor(directory: string) {
    this.root.fd = openSync(directory, OPEN_DIRECTORY);
  }

  /**
   * Settles where an entry goes, and makes the directories on the way that no entry has made; `onImplied` hears
   * of each. Throws `INVALID_TAR` for what is no name, is too long, or leads through what is no directory.
   */
  settle(bytes: Uint8Array, onImplied: (made: DirectoryNode) => void): Place {
    const name = checkedName(bytes);
    const slash = name.lastIndexOf('/');
    const base = name.slice(slash + 1);
    const parentName = slash < 0 ? '' : name.slice(0, slash);
    if (isPlain(base) && this.#lastParent?.name === parentName)
      return { directory: this.#lastParent.node, base: checkedBase(base, name) };
    const components = cleaned(name);
    const last = components.pop();
    if (last === undefined) return { directory: this.root, base: '' };
    const directory = this.#walk(components, name, onImplied);
    if (isPlain(base)) this.#lastParent = { name: parentName, node: directory };
    return { directory, base: checkedBase(last, name) };
  }

  /** As `settle`, for the target of a hard link: `undefined` when it leads through what is not there. */
  find(bytes: Uint8Array): Place | undefined {
    const name = checkedName(bytes);
    const components = cleaned(name);
    const last = components.pop();
    if (last === undefined) return { directory: this.root, base: '' };
    const directory = this.#walk(components, name, undefined);
    return directory && { directory, base: last };
  }

  nodeAt({ directory, base }: Place): TreeNode | undefined {
    return base === '' ? directory : directory.children.get(base);
  }

  /** Remembers what was made at a place. */
  note({ directory, base }: Place, node: TreeNode): void {
    if (++this.#nodes > MAX_NODES)
      throw new WherryError('TOO_LARGE', `layer has more than ${MAX_NODES} directories and links`);
    directory.setChild(base, node);
    this.#lastParent = undefined;
  }

  /** A path for the next call to the system, not for later ones: the directory may be closed by then. */
  pathOf({ directory, base }: Place): string | Buffer {
    const path = `/proc/self/fd/${this.openDirectory(directory)}/${base}`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII must not be taken for UTF-8
    return /^[\x00-\x7f]*$/.test(path) ? path : Buffer.from(path, 'latin1');
  }

  /** The paths of two places for one call. */
  pathsOf(first: Place, second: Place): readonly [string | Buffer, string | Buffer] {
    this.#pinned = first.directory;
    try {
      return [this.pathOf(first), this.pathOf(second)];
    } finally {
      this.#pinned = undefined;
    }
  }

  makeDirectory(place: Place): DirectoryNode {
    const node = new DirectoryNode(place.directory, place.base);
    if (node.depth > MAX_DEPTH)
      throw new WherryError('INVALID_TAR', `directories are nested more than ${MAX_DEPTH} deep`);
    mkdirSync(this.pathOf(place), PRIVATE_MODE);
    const lastParent = this.#lastParent;
    this.note(place, node);
    // A new directory leads no name elsewhere.
    this.#lastParent = lastParent;
    return node;
  }

  /** A descriptor of the directory, open until others were used. */
  openDirectory(node: DirectoryNode): number {
    if (node.parent === undefined) return node.fd;
    if (node.fd < 0) {
      node.fd = openSync(this.pathOf({ directory: node.parent, base: node.name }), OPEN_DIRECTORY);
      if (this.#open.size >= MAX_OPEN) this.#closeOldest();
    } else this.#open.delete(node);
    this.#open.add(node);
    return node.fd;
  }

  /** Hands the descriptor of a directory over, to be closed by the caller. */
  takeDescriptor(node: DirectoryNode): number {
    const fd = this.openDirectory(node);
    if (node.parent === undefined) return openSync(`/proc/self/fd/${fd}/.`, OPEN_DIRECTORY);
    this.#open.delete(node);
    node.fd = -1;
    return fd;
  }

  /** Removes whatever is at the place, and all in it. */
  remove(place: Place): void {
    this.#lastParent = undefined;
    const node = place.directory.children.get(place.base);
    place.directory.removeChild(place.base);
    if (node !== undefined) this.#nodes--;
    if (node?.kind === 'pending') node.isDropped = true;
    else if (node?.kind === 'directory') this.#removeDirectory(node);
    else unlinkSync(this.pathOf(place));
  }

  close(): void {
    for (const node of this.#open) closeSync(node.fd);
    this.#open.clear();
    closeSync(this.root.fd);
  }

  #removeDirectory(node: DirectoryNode): void {
    for (const base of node.children.keys()) this.remove({ directory: node, base });
    const fd = this.openDirectory(node);
    // What is left are files.
    for (const base of readdirSync(`/proc/self/fd/${fd}`, 'latin1'))
      unlinkSync(this.pathOf({ directory: node, base }));
    closeSync(this.takeDescriptor(node));
    rmdirSync(this.pathOf({ directory: node.parent ?? this.root, base: node.name }));
  }

  #closeOldest(): void {
    for (const node of this.#open) {
      if (node === this.#pinned) continue;
      closeSync(node.fd);
      node.fd = -1;
      this.#open.delete(node);
      return;
    }
  }

  #walk(components: string[], name: string, onImplied: (made: DirectoryNode) => void): DirectoryNode;
  #walk(components: string[], name: string, onImplied: undefined): DirectoryNode | undefined;
  #walk(
    components: string[],
    name: string,
    onImplied: ((made: DirectoryNode) => void) | undefined,
  ): DirectoryNode | undefined {
    let at = this.root;
    let links = 0;
    // Components that came from links stand on top; only the entry's own may be made.
    const todo = components.reverse();
    let own = todo.length;
    for (let base = todo.pop(); base !== undefined; base = todo.pop()) {
      const isOwn = todo.length < own;
      if (isOwn) own = todo.length;
      if (base === '' || base === '.') continue;
      if (base === '..') {
        at = at.parent ?? at;
        continue;
      }
      const node = at.children.get(base);
      if (node?.kind === 'directory') at = node;
      else if (node?.target !== undefined) {
        if (++links > MAX_LINKS) throw refused(name, 'too many levels of symbolic links');
        if (node.target.startsWith('/')) at = this.root;
        todo.push(...node.target.split('/').reverse());
      } else if (onImplied === undefined) return undefined;
      else if (!isOwn) throw refused(name, 'no such file or directory');
      else at = this.#imply({ directory: at, base: checkedBase(base, name) }, name, onImplied);
    }
    return at;
  }

  #imply(place: Place, name: string, onImplied: (made: DirectoryNode) => void): DirectoryNode {
    const pending = place.directory.children.get(place.base);
    if (pending?.kind === 'pending') {
      if (!pending.isWhiteout) throw refused(name, 'not a directory');
      this.remove(place);
    }
    const made = this.#makeUnlessFile(place, name);
    // The whiteout, which a directory cannot be as well, hid what lower layers have of that name.
    made.isOpaque = pending !== undefined;
    onImplied(made);
    return made;
  }

  #makeUnlessFile(place: Place, name: string): DirectoryNode {
    try {
      return this.makeDirectory(place);
    } catch (error) {
      if (isErrno(error, 'EEXIST')) throw refused(name, 'not a directory');
      throw error;
    }
  }
}

/** Go's `path.Clean` below the root, as Docker takes names: `..` is taken off before any link is followed. */
function cleaned(name: string): string[] {
  const components: string[] = [];
  for (const base of name.split('/')) {
    if (base === '..') components.pop();
    else if (base !== '' && base !== '.') components.push(base);
  }
  return components;
}

function isPlain(base: string): boolean {
  return base !== '' && base !== '.' && base !== '..';
}

function checkedName(bytes: Uint8Array): string {
  const name = byteString(bytes);
  if (name.length >= MAX_PATH_BYTES) throw refused(name, 'file name too long');
  if (name.includes('\0')) throw refused(name, 'file name holds a NUL');
  return name.endsWith('/') ? name.replace(/\/+$/, '') : name;
}

function checkedBase(base: string, name: string): string {
  if (base.length > MAX_NAME_BYTES) throw refused(name, 'file name too long');
  return base;
}

function refused(name: string, why: string): WherryError {
  return new WherryError('INVALID_TAR', `open /${shownName(name)}: ${why}`);
}

/** Bytes as a string of one character per byte. */
export function byteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** A name of one character per byte, as text for a message. */
export function shownName(name: string): string {
  return Buffer.from(name.replace(/^\/+/, ''), 'latin1')
    .subarray(0, MAX_NAME_BYTES + 1)
    .toString('utf8');
}
