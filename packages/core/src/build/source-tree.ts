import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import type { EntryType } from '../tar/scanner.ts';

/** One file of a tree that COPY and ADD take from. Two names of one node are hard links of each other. */
export interface SourceNode {
  readonly type: Exclude<EntryType, 'hardlink'>;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for everything but files. */
  readonly size: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
  readonly mtimeNs: number;
  /** Target of a symlink, raw bytes; empty otherwise. */
  readonly link: Uint8Array;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  /** Of a directory alone: by name, bytes as `toLatin1` gives them, in no order. */
  readonly children?: ReadonlyMap<string, SourceNode>;
}

/** A file and its bytes; `body` is read to its end, or closed, before the next one is asked for. */
export interface SourceContent {
  readonly node: SourceNode;
  readonly body: ByteSource | Uint8Array;
}

/**
 * Content of a file that is had without the file, of the digest that is known for it; `undefined`: none. The bytes are
 * the receiver's.
 */
export type HadContent = (file: SourceNode, digest: Digest) => Uint8Array | undefined;

/**
 * Files that a build takes from: a context on disk, an archive, a stage, another image. The nodes are known before
 * any content is read, and stay as they are while the tree is open.
 */
export interface SourceTree extends AsyncDisposable {
  readonly root: SourceNode;
  /** It reads files in the order of their paths, name by name; absent: in another one. */
  readonly readsByPath?: boolean;
  /** What a file holds, where that is known without reading it. */
  knownDigest(file: SourceNode): Digest | undefined;
  /** Whether `knownDigest` has something to say, for less than that takes; absent: ask there. */
  isKnown?(file: SourceNode): boolean;
  /**
   * Reads files, in the order that suits the source best and that is the same for the same tree. What is read is
   * hashed on the way: `knownDigest` has it afterwards. A tree that would open a file of its own for each asks `had`
   * first where the digest is known. Throws `CONFLICT` for a file that changed meanwhile.
   */
  read(files: Iterable<SourceNode>, signal?: AbortSignal, had?: HadContent): AsyncIterable<SourceContent>;
}

/** Whether it is known what a file holds. */
export function isKnownIn(tree: SourceTree, file: SourceNode): boolean {
  return tree.isKnown ? tree.isKnown(file) : tree.knownDigest(file) !== undefined;
}
