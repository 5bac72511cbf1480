/** What an entry of the archive says of a directory; set when all else in it is done. */
export interface DirectoryAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch, and nanoseconds from there. */
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

const NO_CHILDREN: ReadonlyMap<string, TreeNode> = new Map();

/** A directory that this unpacking made. */
export class DirectoryNode {
  readonly kind = 'directory';
  readonly parent: DirectoryNode | undefined;
  /** Its name in `parent`, one character per byte. */
  readonly name: string;
  readonly depth: number;
  #children: Map<string, TreeNode> | undefined;
  attributes: DirectoryAttributes | undefined;
  /** Hides what lower layers have in it. */
  isOpaque = false;
  /** -1: not open now. */
  fd = -1;

  constructor(parent: DirectoryNode | undefined, name: string) {
    this.parent = parent;
    this.name = name;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** Of the children, those that matter to what comes later: regular files are not among them. */
  get children(): ReadonlyMap<string, TreeNode> {
    return this.#children ?? NO_CHILDREN;
  }

  setChild(name: string, node: TreeNode): void {
    // Most directories have none: half of the memory of a large tree.
    this.#children ??= new Map();
    this.#children.set(name, node);
  }

  removeChild(name: string): void {
    this.#children?.delete(name);
  }

  /** Below the root, without a slash in front; `''` is the root. One character per byte. */
  get path(): string {
    return this.parent === undefined || this.parent.parent === undefined
      ? this.name
      : `${this.parent.path}/${this.name}`;
  }
}

/** A symlink that this unpacking made. */
export interface SymlinkNode {
  readonly kind: 'symlink';
  /** One character per byte. */
  readonly target: string;
}

/** Something that is made apart and gets its name at the end; the name is taken until then. */
export interface PendingNode {
  readonly kind: 'pending';
  /** Which of those made apart: several names are hard links of one another. */
  readonly number: number;
  readonly isWhiteout: boolean;
  /** Of a symlink, which names that come meanwhile may lead through. */
  readonly target?: string;
  /** A later entry took the name. */
  isDropped: boolean;
}

export type TreeNode = DirectoryNode | SymlinkNode | PendingNode;

/** A name in a directory; the name is `''` for the root itself. */
export interface Place {
  readonly directory: DirectoryNode;
  readonly base: string;
}
