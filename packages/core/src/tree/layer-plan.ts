import type { TarEntryInit } from '../tar/writer.ts';
import {
  type EntrySource,
  type ImageTree,
  isDirectory,
  type TreeDirectory,
  type TreeNode,
} from './image-tree.ts';
import { fromLatin1 } from './tree-path.ts';

const WHITEOUT_PREFIX = '.wh.';
const OPAQUE_NAME = '.wh..wh..opq';

/** One layer that makes of a lower tree an upper one. */
export interface LayerPlan {
  /** Directories and whiteouts, each directory before what is in it, by name. */
  readonly frame: readonly TarEntryInit[];
  /** All else, by layer and place in it, so that each layer is read once from front to back. */
  readonly files: readonly PlannedFile[];
}

/** A file whose content lies in a layer, and its names. */
export interface PlannedFile {
  readonly source: EntrySource;
  /** The first is written as the file, the others as hard links to it. Bytes as `toLatin1` gives them. */
  readonly paths: readonly [string, ...string[]];
}

/**
 * Plans the one layer that stands in for those of `upper` above its first `kept` ones; `lower` is the tree of
 * these, empty when there are none. A name that an upper layer linked to a file of a lower one gets the file's
 * content once more: no layer needs another one to be unpacked.
 */
export function planLayer(lower: ImageTree, upper: ImageTree, kept: number): LayerPlan {
  const planner = new LayerPlanner(kept);
  planner.directory('', lower.root, upper.root);
  return planner.finish();
}

class LayerPlanner {
  readonly #kept: number;
  readonly #frame: TarEntryInit[] = [];
  readonly #files = new Map<EntrySource, [string, ...string[]]>();

  constructor(kept: number) {
    this.#kept = kept;
  }

  directory(path: string, lower: TreeNode | undefined, upper: TreeDirectory): void {
    const isWritten = this.#isNewDirectory(lower, upper);
    if (isWritten) this.#frame.push(directoryEntry(path, upper.source));
    const below = isDirectory(lower) ? lower.children : new Map<string, TreeNode>();
    this.#whiteouts(path, [...below.keys()], upper, isWritten);
    for (const name of [...upper.children.keys()].sort()) {
      const node = upper.children.get(name);
      const childPath = path === '' ? name : `${path}/${name}`;
      if (isDirectory(node)) this.directory(childPath, below.get(name), node);
      else if (node && !isSameSource(below.get(name)?.source, node.source))
        this.#file(childPath, node.source);
    }
  }

  finish(): LayerPlan {
    const files = [...this.#files].map(([source, paths]) => ({ source, paths }));
    files.sort((a, b) => a.source.layer - b.source.layer || a.source.position - b.source.position);
    return { frame: this.#frame, files };
  }

  /**
   * Also true of one that upper layers removed and made again without an entry, and of one that never had any:
   * unpackers give those modes and times of their own, and their parents the time of the unpacking.
   */
  #isNewDirectory(lower: TreeNode | undefined, { source }: TreeDirectory): boolean {
    if (source) return source.layer >= this.#kept;
    return lower === undefined || lower.source !== undefined;
  }

  #whiteouts(path: string, lower: readonly string[], { children }: TreeDirectory, isWritten: boolean): void {
    const gone = lower.filter((name) => !children.has(name)).sort();
    const prefix = path === '' ? '' : `${path}/`;
    // One marker for a directory that was made anew, however much there was in the old one.
    const isOpaque = isWritten && gone.length > 1 && gone.length === lower.length;
    const names = isOpaque ? [OPAQUE_NAME] : gone.map((name) => WHITEOUT_PREFIX + name);
    for (const name of names) this.#frame.push({ name: fromLatin1(prefix + name), type: 'file', mode: 0 });
  }

  #file(path: string, source: EntrySource): void {
    const paths = this.#files.get(source);
    if (paths) paths.push(path);
    else this.#files.set(source, [path]);
  }
}

/** Trees of the same layers have sources of their own. */
function isSameSource(a: EntrySource | undefined, b: EntrySource): boolean {
  return a?.layer === b.layer && a.position === b.position;
}

function directoryEntry(path: string, source: EntrySource | undefined): TarEntryInit {
  const name = fromLatin1(path === '' ? './' : `${path}/`);
  return source ? { ...source.entry, name } : { name, type: 'directory' };
}
