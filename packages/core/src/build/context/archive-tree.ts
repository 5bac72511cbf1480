import type { IgnoreDirectory, IgnoreMatcher } from '@wherry/dockerfile';
import type { TarEntry } from '../../tar/scanner.ts';
import { type EntrySource, ImageTree, isDirectory, type TreeDirectory } from '../../tree/image-tree.ts';
import type { SourceNode } from '../source-tree.ts';
import { shownPath } from './disk-path.ts';

/** Of directories that the archive has no entry for, only files in them. */
const IMPLIED_DIRECTORY_MODE = 0o755;
const PERMISSION_BITS = 0o7777;
const NO_LINK = new Uint8Array(0);

/** The files of an archive. A file is one node, however many names it has. */
export class ArchiveTree {
  readonly #tree = new ImageTree();
  readonly #leaves = new Map<EntrySource, SourceNode>();
  /** Files to where their content starts in the archive. */
  readonly #offsets = new Map<SourceNode, number>();

  /**
   * The last entry of a name holds; directories are merged. Throws `INVALID_TAR` for names that lead out of the root
   * and for links to what is not there.
   */
  constructor(entries: readonly TarEntry[]) {
    this.#tree.applyPlain(entries);
  }

  /** The root of what `ignore` leaves. Nodes of the same file are the same whatever is left out. */
  root(ignore?: IgnoreMatcher): SourceNode {
    return this.#directory(this.#tree.root, ignore?.root);
  }

  /** Where a file's content starts in the archive; `undefined` for one of another tree. */
  offsetOf(file: SourceNode): number | undefined {
    return this.#offsets.get(file);
  }

  #directory(directory: TreeDirectory, ignore: IgnoreDirectory | undefined): SourceNode {
    const children = new Map<string, SourceNode>();
    for (const [name, node] of directory.children) {
      const shown = shownPath(name);
      const isExcluded = ignore?.judge(shown).isExcluded ?? false;
      if (!isDirectory(node)) {
        if (!isExcluded) children.set(name, this.#leaf(node.source));
        continue;
      }
      const inside = ignore?.enter(shown);
      if (isExcluded && !inside?.mayReincludeBelow) continue;
      const child = this.#directory(node, inside);
      // One that is excluded is there for what is in it.
      if (!isExcluded || child.children?.size) children.set(name, child);
    }
    const entry = directory.source?.entry;
    const facts = entry === undefined ? { mode: IMPLIED_DIRECTORY_MODE, mtime: 0, mtimeNs: 0 } : entry;
    return { ...nodeOf(facts), type: 'directory', children };
  }

  #leaf(source: EntrySource): SourceNode {
    const known = this.#leaves.get(source);
    if (known !== undefined) return known;
    const { entry } = source;
    const { type, size, link, devMajor, devMinor } = entry;
    if (type === 'hardlink' || type === 'directory') throw new Error('context: a leaf of another type');
    const node: SourceNode = {
      ...nodeOf(entry),
      ...{ type, size, devMajor, devMinor },
      link: type === 'symlink' ? link : NO_LINK,
    };
    this.#leaves.set(source, node);
    if (type === 'file') this.#offsets.set(node, entry.dataOffset);
    return node;
  }
}

type CommonFacts = Pick<SourceNode, 'mode' | 'mtime' | 'mtimeNs' | 'xattrs'>;

function nodeOf({ mode, mtime, mtimeNs, xattrs }: CommonFacts): Omit<SourceNode, 'type'> {
  return {
    mode: mode & PERMISSION_BITS,
    // Docker's COPY gives all to root, whoever packed it.
    ...{ uid: 0, gid: 0, size: 0, mtime, mtimeNs, link: NO_LINK, devMajor: 0, devMinor: 0 },
    ...(xattrs !== undefined && { xattrs }),
  };
}

const MAX_SYMLINKS = 40;

/**
 * The file at a path of a tree, symlinks followed as inside of a root that nothing leaves; `undefined`: there is none.
 * `path` has slashes, its bytes one a character.
 */
export function lookUpFile(root: SourceNode, path: string): SourceNode | undefined {
  const way = [root];
  const ahead = path.split('/').reverse();
  let symlinks = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (way.length > 1) way.pop();
      continue;
    }
    const child = way.at(-1)?.children?.get(name);
    if (child === undefined) return undefined;
    if (child.type !== 'symlink') {
      way.push(child);
      continue;
    }
    if (++symlinks > MAX_SYMLINKS) return undefined;
    const target = Buffer.from(child.link).toString('latin1');
    if (target.startsWith('/')) way.length = 1;
    ahead.push(...target.split('/').reverse());
  }
  return way.at(-1);
}
