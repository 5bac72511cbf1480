import { WherryError } from '../../errors.ts';
import { ImageTree, isDirectory, type TreeNode } from '../../tree/image-tree.ts';
import { fromLatin1, toLatin1 } from '../../tree/tree-path.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';
import { joinPath, textOf } from './path-text.ts';

const MAX_SYMLINKS = 40;
const OPAQUE_NAME = '.wh..wh..opq';
const WHITEOUT_PREFIX = '.wh.';

/** All about a file but its name and content, as a layer says it. */
export interface FileState {
  readonly type: SourceNode['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly link: Uint8Array;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** Where files come from: those with the same node of the same source object are hard links of each other. */
export interface FileSource {
  readonly tree: SourceTree;
}

/** What a layer writes at a path; names of one file may share it. */
export interface NewEntry {
  state: FileState;
  /** Of a file alone: whose content it has. */
  readonly node?: SourceNode | undefined;
  /** Of a file alone: the tree of `node`. */
  readonly from?: FileSource | undefined;
}

/** A path of the stage as it is with the layer. */
export interface StageNode {
  /** What is there without the layer, or under it. */
  readonly lower: TreeNode | undefined;
  /** Whether `lower` can be seen; what the layer removed or replaced cannot. */
  isLowerSeen: boolean;
  entry: NewEntry | undefined;
  /** Those that somebody asked for; made when the first one comes, most nodes are files. */
  children: Map<string, StageNode> | undefined;
}

/** An entry of the layer and its path, bytes as `toLatin1` gives them. */
export interface PlacedEntry extends NewEntry {
  readonly path: string;
}

/**
 * The files of a stage while a layer on top of them comes to be: what is there below, and what the layer says. The
 * lower tree stays as it is.
 */
export class LayerFiles {
  readonly root: StageNode;

  /** With a directory of another one as its root: nothing leads out of it. */
  constructor(root: ImageTree | StageNode) {
    this.root = root instanceof ImageTree ? stageNode(root.root) : root;
  }

  /** What is at a path, symlinks not followed. */
  find(elements: readonly string[]): StageNode | undefined {
    let node: StageNode | undefined = this.root;
    for (const name of elements) node = node && childOf(node, name);
    return node && typeOf(node) !== undefined ? node : undefined;
  }

  /**
   * The path that a path leads to, symlinks followed as inside of a root that nothing leaves, one at its end too;
   * what does not exist is taken as it stands. Throws `INVALID_ARGUMENT` for a circle.
   */
  resolve(elements: readonly string[]): string[] {
    const way: string[] = [];
    const ahead = [...elements].reverse();
    let symlinks = 0;
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        way.pop();
        continue;
      }
      way.push(name);
      const target = linkTarget(this.find(way));
      if (target === undefined) continue;
      if (++symlinks > MAX_SYMLINKS)
        throw new WherryError('INVALID_ARGUMENT', `${shown(elements)}: too many levels of symbolic links`);
      way.pop();
      if (target.startsWith('/')) way.length = 0;
      for (const element of target.split('/').reverse()) ahead.push(element);
    }
    return way;
  }

  /** Makes the directories of a path that are missing. Throws `CONFLICT` for what is none. */
  makeDirectories(elements: readonly string[], state: FileState): StageNode {
    let node = this.root;
    for (const [i, name] of elements.entries()) {
      const child = ensureChild(node, name);
      const type = typeOf(child);
      if (type === undefined) put(child, { state });
      else if (type !== 'directory')
        throw new WherryError('CONFLICT', `mkdir ${shown(elements.slice(0, i + 1))}: not a directory`);
      node = child;
    }
    return node;
  }

  /**
   * The entries of the layer, sorted by path, each directory before what is in it. Directories on the way to an entry
   * come with what the lower tree says of them: who unpacks the layer by itself would make up an owner and a mode.
   */
  entries(): PlacedEntry[] {
    const found: PlacedEntry[] = [];
    collect(this.root, '', found);
    return found;
  }
}

/** What a directory is that the build makes because it is missing. */
export function madeDirectory(epoch: number, owner = { uid: 0, gid: 0 }): FileState {
  const { uid, gid } = owner;
  const rest = { mtime: epoch, mtimeNs: 0, link: fromLatin1(''), devMajor: 0, devMinor: 0 };
  return { type: 'directory', mode: 0o755, uid, gid, ...rest };
}

/** What a node is; `undefined`: nothing is there. */
export function typeOf(node: StageNode): SourceNode['type'] | undefined {
  if (node.entry) return node.entry.state.type;
  if (!node.isLowerSeen || node.lower === undefined) return undefined;
  if (isDirectory(node.lower)) return 'directory';
  const { type } = node.lower.source.entry;
  return type === 'hardlink' ? 'file' : type;
}

/** The child of a directory, made as nothing where there is none. */
export function ensureChild(node: StageNode, name: string): StageNode {
  const known = childOf(node, name);
  if (known) return known;
  return addChild(node, name, undefined);
}

/** Says what is at a node now; a directory in a directory's place keeps what is in it. */
export function put(node: StageNode, entry: NewEntry): void {
  if (typeOf(node) !== 'directory' || entry.state.type !== 'directory') remove(node);
  node.entry = entry;
}

/** Takes away what is at a node, and all in it. */
export function remove(node: StageNode): void {
  node.entry = undefined;
  node.isLowerSeen = false;
  node.children = undefined;
}

/** Takes away what lower layers have at a node; what the layer itself says there, or below, stays. */
export function hideLower(node: StageNode): void {
  const isKept = hideChildren(node);
  if (isKept) node.entry ??= lowerEntry(node) ?? { state: madeDirectory(0) };
  node.isLowerSeen = false;
}

/** Takes away what lower layers have in a directory. */
export function hideBelow(directory: StageNode): void {
  directory.entry ??= lowerEntry(directory) ?? { state: madeDirectory(0) };
  hideChildren(directory);
  directory.isLowerSeen = false;
}

/** Tells whether something is left. */
function hideChildren(node: StageNode): boolean {
  const { children } = node;
  if (children === undefined) return false;
  for (const [name, child] of children) {
    hideLower(child);
    if (typeOf(child) === undefined) children.delete(name);
  }
  return children.size > 0;
}

function childOf(node: StageNode, name: string): StageNode | undefined {
  const known = node.children?.get(name);
  if (known) return known;
  if (!node.isLowerSeen || !isDirectory(node.lower)) return undefined;
  const lower = node.lower.children.get(name);
  return lower && addChild(node, name, lower);
}

function addChild(node: StageNode, name: string, lower: TreeNode | undefined): StageNode {
  const child = stageNode(lower);
  node.children ??= new Map();
  node.children.set(name, child);
  return child;
}

function stageNode(lower: TreeNode | undefined): StageNode {
  return { lower, isLowerSeen: lower !== undefined, entry: undefined, children: undefined };
}

/** Where a symlink leads; `undefined`: it is none. */
export function linkTarget(node: StageNode | undefined): string | undefined {
  if (node === undefined || typeOf(node) !== 'symlink') return undefined;
  return toLatin1(node.entry?.state.link ?? lowerLink(node.lower));
}

function lowerLink(lower: TreeNode | undefined): Uint8Array {
  return lower && !isDirectory(lower) ? lower.source.entry.link : new Uint8Array(0);
}

function collect(node: StageNode, path: string, found: PlacedEntry[]): void {
  const start = found.length;
  // Unpackers have a root before they read the first entry.
  const own = node.entry ?? (path === '' ? undefined : lowerEntry(node));
  if (own) found.push({ path, state: own.state, node: own.node, from: own.from });
  const afterOwn = found.length;
  if (hidesChildren(node)) found.push(whiteout(joinPath(path, OPAQUE_NAME)));
  const { children } = node;
  // One string for the directory: each path that is joined anew takes as much memory again.
  const below = joinPath(path, '');
  for (const name of children ? [...children.keys()].sort() : []) {
    const child = children?.get(name);
    if (child === undefined) continue;
    if (typeOf(child) !== undefined) collect(child, below + name, found);
    else if (child.lower && isSeen(node)) found.push(whiteout(below + WHITEOUT_PREFIX + name));
  }
  if (found.length === afterOwn && node.entry === undefined) found.length = start;
}

/** A directory in the place of another one, of which nothing may be seen. */
function hidesChildren(node: StageNode): boolean {
  return (
    !node.isLowerSeen &&
    typeOf(node) === 'directory' &&
    isDirectory(node.lower) &&
    node.lower.children.size > 0
  );
}

function isSeen(node: StageNode): boolean {
  return node.isLowerSeen && isDirectory(node.lower);
}

/** What the lower tree says of a directory; nothing of one that no layer has an entry for. */
function lowerEntry(node: StageNode): NewEntry | undefined {
  if (!node.isLowerSeen || !isDirectory(node.lower) || node.lower.source === undefined) return undefined;
  return { state: { ...node.lower.source.entry, type: 'directory' } };
}

function whiteout(path: string): PlacedEntry {
  const state = { mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, devMajor: 0, devMinor: 0 };
  return {
    path,
    state: { ...state, type: 'file', link: fromLatin1('') },
    node: undefined,
    from: undefined,
  };
}

function shown(elements: readonly string[]): string {
  return `/${textOf(elements.join('/'))}`;
}
