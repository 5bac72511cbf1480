import type { BigIntStats } from 'node:fs';
import { isErrno } from '../../../errors.ts';
import type { TocEntry } from '../../../layer/toc-format.ts';
import type { ChangedName } from '../../../rootfs/copy-changes.ts';
import type { UpperName } from '../../../rootfs/upper-names.ts';
import { isDirectory, type TreeDirectory, type TreeNode } from '../../../tree/image-tree.ts';

const PERMISSIONS = 0o7777n;
const NS_PER_SECOND = 1_000_000_000n;
/** What a directory is that no entry of a layer describes. */
const IMPLIED = { type: 'directory', mode: 0o755, uid: 0, gid: 0 } as const;

export type FileChange = Pick<ChangedName, 'path' | 'kind'>;

export interface OverlayChangesRequest {
  /** What lies in the upper directory, in the order of `collectUpperNames`. */
  readonly names: readonly UpperName[];
  /** The image's files. */
  readonly tree: TreeDirectory;
  /** Directories that hide what the image has in them. */
  readonly opaque: ReadonlySet<string>;
  readonly statOf: (path: string) => Promise<BigIntStats>;
}

/**
 * Tells from an overlay's upper directory what Docker tells by a comparison of both trees: what was only copied up and is
 * as before is no change, and of directories the times don't count.
 */
export async function overlayChanges(request: OverlayChangesRequest): Promise<FileChange[]> {
  const root: UpperDirectory = { children: new Map() };
  for (const { path, isWhiteout } of request.names) insert(root, path, isWhiteout);
  const changes: FileChange[] = [];
  await compare(request, { upper: root, base: request.tree, path: '', isOpaque: false }, changes);
  return changes;
}

/** What the image has of a name. */
export function nodeAt(tree: TreeDirectory, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = tree;
  for (const name of path.split('/')) node = isDirectory(node) ? node.children.get(name) : undefined;
  return node;
}

interface UpperDirectory {
  readonly children: Map<string, UpperDirectory | 'whiteout'>;
}

interface Level {
  readonly upper: UpperDirectory;
  /** `undefined`: all that is here is new. */
  readonly base: TreeDirectory | undefined;
  readonly path: string;
  readonly isOpaque: boolean;
}

function insert(root: UpperDirectory, path: string, isWhiteout: boolean): void {
  const names = path.split('/');
  const last = names.pop() ?? '';
  let at = root;
  for (const name of names) {
    const child = at.children.get(name);
    if (typeof child !== 'object') return;
    at = child;
  }
  at.children.set(last, isWhiteout ? 'whiteout' : { children: new Map() });
}

async function compare(request: OverlayChangesRequest, level: Level, changes: FileChange[]): Promise<void> {
  const { upper, base, isOpaque } = level;
  const hidden = isOpaque && base ? base.children.keys() : [];
  for (const name of [...new Set([...upper.children.keys(), ...hidden])].sort()) {
    const path = level.path === '' ? name : `${level.path}/${name}`;
    const found = upper.children.get(name);
    const below = base?.children.get(name);
    if (found === undefined || found === 'whiteout') {
      if (below !== undefined) changes.push({ path, kind: 'deleted' });
      continue;
    }
    await compareOne(request, { found, below, path }, changes);
  }
}

async function compareOne(
  request: OverlayChangesRequest,
  { found, below, path }: { found: UpperDirectory; below: TreeNode | undefined; path: string },
  changes: FileChange[],
): Promise<void> {
  const stats = await statIfThere(request, path);
  if (stats === undefined) return;
  const kind = below === undefined ? 'added' : isChanged(stats, below) ? 'modified' : undefined;
  const at = changes.length;
  if (kind !== undefined) changes.push({ path, kind });
  const base = isDirectory(below) ? below : undefined;
  if (stats.isDirectory())
    await compare(request, { upper: found, base, path, isOpaque: request.opaque.has(path) }, changes);
  if (kind === undefined && changes.length > at) changes.splice(at, 0, { path, kind: 'modified' });
}

/** A running container may remove what was listed a moment ago. */
async function statIfThere(
  { statOf }: OverlayChangesRequest,
  path: string,
): Promise<BigIntStats | undefined> {
  try {
    return await statOf(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function isChanged(stats: BigIntStats, node: TreeNode): boolean {
  const entry = node.source?.entry ?? IMPLIED;
  if (typeOf(stats) !== entry.type) return true;
  if (stats.uid !== BigInt(entry.uid) || stats.gid !== BigInt(entry.gid)) return true;
  if (!stats.isSymbolicLink() && (stats.mode & PERMISSIONS) !== BigInt(entry.mode)) return true;
  return 'size' in entry && !stats.isDirectory() && hasOtherContent(stats, entry);
}

function hasOtherContent(stats: BigIntStats, { type, size, link, mtime, mtimeNs }: TocEntry): boolean {
  const length = type === 'symlink' ? link.length : size;
  if ((type === 'file' || type === 'symlink') && stats.size !== BigInt(length)) return true;
  const seconds = BigInt(mtime) * NS_PER_SECOND;
  const difference = stats.mtimeNs - seconds;
  if (difference < 0n || difference >= NS_PER_SECOND) return true;
  // Some file systems, and archives, keep whole seconds only: then nothing is told by the rest.
  return mtimeNs !== 0 && difference !== 0n && difference !== BigInt(mtimeNs);
}

function typeOf(stats: BigIntStats): TocEntry['type'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isCharacterDevice()) return 'char';
  return stats.isBlockDevice() ? 'block' : undefined;
}
