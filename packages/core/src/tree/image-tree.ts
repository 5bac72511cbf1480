import type { TocEntry } from '../layer/toc-format.ts';
import { classifyWhiteout, type Whiteout } from '../layer/whiteout.ts';
import { badEntry, pathElements, toLatin1 } from './tree-path.ts';

/** Where a layer says what a file is. Names that are hard links of each other share one. */
export interface EntrySource {
  /** Position of the layer, base first. */
  readonly layer: number;
  /** Position of the entry in the layer's table of contents. */
  readonly position: number;
  readonly entry: TocEntry;
}

export interface TreeDirectory {
  /** Absent: no layer has an entry for it, others' paths lead through it. */
  source: EntrySource | undefined;
  /** By name; bytes as `toLatin1` gives them. */
  readonly children: Map<string, TreeNode>;
}

/** Anything but a directory. */
export interface TreeLeaf {
  readonly source: EntrySource;
}

export type TreeNode = TreeDirectory | TreeLeaf;

export function isDirectory(node: TreeNode | undefined): node is TreeDirectory {
  return node !== undefined && 'children' in node;
}

const NOTHING_PARKED: ReadonlyMap<string, EntrySource> = new Map();
/** As Linux: more symlinks on one way are taken for a circle. */
const MAX_SYMLINKS = 40;
/** Linux takes no path of more than 4,095 bytes; who walks the tree goes down one call for each level. */
const MAX_DEPTH = 2048;

/**
 * The files of an image, merged from its layers' tables of contents alone: what unpacking them one upon
 * another would give. Whiteouts have done their work and are gone. Memory grows with the number of entries, not
 * with their sizes. OCI image-spec v1.1, layer.md "Applying Changesets" and "Whiteouts".
 */
export class ImageTree {
  readonly root: TreeDirectory = emptyDirectory();
  #layers = 0;

  /**
   * Puts one more layer on top; `entries` in the order of its tar. Its whiteouts hide what the layers below
   * have and nothing of its own, wherever they stand. Throws `INVALID_TAR` for entries that lead out of the
   * root, through a circle of symlinks or too deep, or link to what is not there.
   */
  apply(entries: readonly TocEntry[]): void {
    const layer = this.#layers++;
    const whiteouts = entries.map(({ name }) => classifyWhiteout(toLatin1(name)));
    for (const whiteout of whiteouts) if (whiteout) this.#hide(whiteout);
    const parked = new Map<string, EntrySource>();
    for (const [position, entry] of entries.entries()) {
      const source = { layer, position, entry };
      const path = toLatin1(entry.name);
      if (whiteouts[position] === undefined) this.#add(path, source, parked);
      // aufs kept the content of hard-linked files apart from all their names.
      else if (whiteouts[position].kind === 'meta' && entry.type !== 'hardlink')
        parked.set(pathElements(path).join('/'), source);
    }
  }

  /** As `apply`, of a tar that is no layer: what would be whiteouts there are files like all others. */
  applyPlain(entries: readonly TocEntry[]): void {
    const layer = this.#layers++;
    for (const [position, entry] of entries.entries())
      this.#add(toLatin1(entry.name), { layer, position, entry }, NOTHING_PARKED);
  }

  #hide(whiteout: Whiteout): void {
    if (whiteout.kind === 'meta') return;
    const elements = pathElements(whiteout.path);
    if (whiteout.kind === 'opaque') this.#makeDirectory(elements).children.clear();
    else this.#makeDirectory(elements.slice(0, -1)).children.delete(elements.at(-1) ?? '');
  }

  #add(path: string, source: EntrySource, parked: ReadonlyMap<string, EntrySource>): void {
    const elements = pathElements(path);
    const name = elements.pop();
    const { type } = source.entry;
    if (name === undefined) {
      if (type !== 'directory') throw badEntry(path, `a ${type} in the place of the root`);
      this.root.source = source;
      return;
    }
    // Before its own way is made, which may take the place of what it links to.
    const linked = type === 'hardlink' ? this.#linked(path, source, parked) : source;
    const { children } = this.#makeDirectory(elements);
    const existing = children.get(name);
    if (type !== 'directory') children.set(name, { source: linked });
    else if (isDirectory(existing)) existing.source = source;
    else children.set(name, { ...emptyDirectory(), source });
  }

  /** What a hard link is one more name of. */
  #linked(path: string, { entry }: EntrySource, parked: ReadonlyMap<string, EntrySource>): EntrySource {
    const elements = pathElements(toLatin1(entry.link));
    const found = this.#walk(elements.slice(0, -1), false)?.children.get(elements.at(-1) ?? '');
    if (found && !isDirectory(found)) return found.source;
    const aside = parked.get(elements.join('/'));
    if (aside) return aside;
    throw badEntry(path, `hard link to ${JSON.stringify(elements.join('/'))}, which is no file of the image`);
  }

  #makeDirectory(elements: readonly string[]): TreeDirectory {
    const found = this.#walk(elements, true);
    if (found === undefined) throw new Error('a walk that makes directories finds one');
    return found;
  }

  /**
   * The directory at a path, symlinks followed as inside of a root that nothing leaves. With `make`, what is
   * missing is made, and a file on the way gives place; without, `undefined`.
   */
  #walk(elements: readonly string[], make: boolean): TreeDirectory | undefined {
    const way = [this.root];
    const ahead = [...elements].reverse();
    let symlinks = 0;
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (way.length > 1) way.pop();
        continue;
      }
      const here = way.at(-1) ?? this.root;
      const child = here.children.get(name);
      if (isDirectory(child)) way.push(child);
      else if (child?.source.entry.type === 'symlink') {
        if (++symlinks > MAX_SYMLINKS) throw badEntry(elements.join('/'), 'too many symlinks on the way');
        const target = toLatin1(child.source.entry.link);
        if (target.startsWith('/')) way.length = 1;
        for (const element of target.split('/').reverse()) ahead.push(element);
      } else {
        if (!make) return undefined;
        const made = emptyDirectory();
        here.children.set(name, made);
        way.push(made);
      }
      if (way.length > MAX_DEPTH) throw badEntry(elements.join('/'), 'lies too deep');
    }
    return way.at(-1);
  }
}

function emptyDirectory(): TreeDirectory {
  return { source: undefined, children: new Map() };
}
