import type { ByteSource } from '../../bytes/byte-source.ts';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import type { Digest } from '../../digest.ts';
import { throwIfCancelled } from '../../errors.ts';
import { type EntrySource, type ImageTree, isDirectory, type TreeDirectory } from '../../tree/image-tree.ts';
import { LayerContents } from '../../tree/layer-contents.ts';
import type { SourceContent, SourceNode, SourceTree } from '../source-tree.ts';

/** Below, a file is handed out in one piece. */
const SMALL_BYTES = 64 * 1024;
const NO_LINK = new Uint8Array(0);

/**
 * The files of an image or a stage as a tree to copy from, straight out of its layers: `open` gives the tar of a
 * layer, uncompressed, from its beginning. A reading goes through each layer that it needs once, front to back.
 * Names that are hard links of each other share a node.
 */
export class ImageSource implements SourceTree {
  readonly root: SourceNode;
  readonly #open: (layer: number) => ByteSource;
  readonly #digests = new Map<SourceNode, Digest>();

  constructor(tree: ImageTree, open: (layer: number) => ByteSource) {
    this.root = new DirectoryNode(tree.root, new Map());
    this.#open = open;
  }

  knownDigest(file: SourceNode): Digest | undefined {
    return this.#digests.get(file);
  }

  async *read(files: Iterable<SourceNode>, signal?: AbortSignal): AsyncIterable<SourceContent> {
    const leaves = [...files].map(asLeaf);
    leaves.sort(({ source: a }, { source: b }) => a.layer - b.layer || a.position - b.position);
    for (const [layer, inLayer] of Map.groupBy(leaves, ({ source }) => source.layer)) {
      const contents = new LayerContents(() => this.#open(layer));
      try {
        for (const node of inLayer) {
          throwIfCancelled(signal);
          yield { node, body: await this.#bodyOf(node, contents) };
        }
      } finally {
        await contents.close();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#digests.clear();
  }

  async #bodyOf(node: LeafNode, contents: LayerContents): Promise<ByteSource | Uint8Array> {
    const { dataOffset, size } = node.source.entry;
    if (size > SMALL_BYTES) return this.#hashed(node, contents.read(dataOffset, size));
    const bytes = size === 0 ? NO_LINK : await contents.readWhole(dataOffset, size);
    if (this.#digests.has(node)) return bytes;
    const hasher = new NodeHasher();
    hasher.update(bytes);
    this.#digests.set(node, hasher.digest());
    return bytes;
  }

  async *#hashed(node: LeafNode, body: ByteSource): ByteSource {
    const hasher = new NodeHasher();
    for await (const chunk of body) {
      hasher.update(chunk);
      yield chunk;
    }
    this.#digests.set(node, hasher.digest());
  }
}

function asLeaf(node: SourceNode): LeafNode {
  if (node instanceof LeafNode) return node;
  throw new Error('a tree reads its own files alone');
}

/** What a directory is that no layer has an entry for. */
const IMPLIED = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

/** Its children become nodes when somebody looks: most of an image is never copied. */
class DirectoryNode implements SourceNode {
  readonly type = 'directory';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size = 0;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly link = NO_LINK;
  readonly devMajor = 0;
  readonly devMinor = 0;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  readonly #directory: TreeDirectory;
  /** Of the whole tree. */
  readonly #leaves: Map<EntrySource, LeafNode>;
  #children: ReadonlyMap<string, SourceNode> | undefined;

  constructor(directory: TreeDirectory, leaves: Map<EntrySource, LeafNode>) {
    const { mode, uid, gid, mtime, mtimeNs } = directory.source?.entry ?? IMPLIED;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.mtime = mtime;
    this.mtimeNs = mtimeNs;
    const xattrs = directory.source?.entry.xattrs;
    if (xattrs) this.xattrs = xattrs;
    this.#directory = directory;
    this.#leaves = leaves;
  }

  get children(): ReadonlyMap<string, SourceNode> {
    this.#children ??= new Map(
      [...this.#directory.children].map(([name, child]) => [
        name,
        isDirectory(child) ? new DirectoryNode(child, this.#leaves) : this.#leaf(child.source),
      ]),
    );
    return this.#children;
  }

  #leaf(source: EntrySource): LeafNode {
    const known = this.#leaves.get(source);
    if (known) return known;
    const leaf = new LeafNode(source);
    this.#leaves.set(source, leaf);
    return leaf;
  }
}

class LeafNode implements SourceNode {
  readonly type: SourceNode['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly link: Uint8Array;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  readonly source: EntrySource;

  constructor(source: EntrySource) {
    const { entry } = source;
    // A tree settles hard links: what is left is what they link to.
    this.type = entry.type === 'hardlink' ? 'file' : entry.type;
    this.mode = entry.mode;
    this.uid = entry.uid;
    this.gid = entry.gid;
    this.size = entry.size;
    this.mtime = entry.mtime;
    this.mtimeNs = entry.mtimeNs;
    this.link = entry.link;
    this.devMajor = entry.devMajor;
    this.devMinor = entry.devMinor;
    if (entry.xattrs) this.xattrs = entry.xattrs;
    this.source = source;
  }
}
