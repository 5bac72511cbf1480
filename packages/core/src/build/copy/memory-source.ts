import { NodeHasher } from '../../bytes/node-hasher.ts';
import type { Digest } from '../../digest.ts';
import { throwIfCancelled } from '../../errors.ts';
import type { SourceContent, SourceNode, SourceTree } from '../source-tree.ts';
import type { CopyOrigin } from './copy-request.ts';
import { latin1Of } from './path-text.ts';
import { baseName } from './source-files.ts';

/** A small file that is held in memory. */
export interface MemoryFile {
  readonly name: string;
  readonly content: string;
}

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/**
 * Makes an origin of the files that stand in a Dockerfile itself. A name that comes twice is the last one's.
 * BK reference, "Here-Documents".
 */
export function heredocOrigin(files: readonly MemoryFile[]): CopyOrigin {
  const contents = new Map<SourceNode, Uint8Array>();
  const children = new Map<string, SourceNode>();
  for (const { name, content } of files) {
    const bytes = new TextEncoder().encode(content);
    const node: SourceNode = { ...PLAIN, type: 'file', mode: FILE_MODE, size: bytes.length };
    contents.set(node, bytes);
    children.set(baseName(latin1Of(name)), node);
  }
  const root: SourceNode = { ...PLAIN, type: 'directory', mode: DIRECTORY_MODE, children };
  return { kind: 'heredoc', tree: new MemorySource(root, contents), sources: ['*'] };
}

const PLAIN = {
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  mtimeNs: 0,
  link: new Uint8Array(0),
  devMajor: 0,
  devMinor: 0,
};

/** A tree whose contents are in memory. */
export class MemorySource implements SourceTree {
  readonly root: SourceNode;
  readonly #contents: ReadonlyMap<SourceNode, Uint8Array>;
  readonly #digests = new Map<SourceNode, Digest>();

  constructor(root: SourceNode, contents: ReadonlyMap<SourceNode, Uint8Array>) {
    this.root = root;
    this.#contents = contents;
  }

  /** Always known: there is nothing to read. */
  knownDigest(file: SourceNode): Digest | undefined {
    const known = this.#digests.get(file);
    if (known) return known;
    const hasher = new NodeHasher();
    hasher.update(this.#contentOf(file));
    const digest = hasher.digest();
    this.#digests.set(file, digest);
    return digest;
  }

  async *read(files: Iterable<SourceNode>, signal?: AbortSignal): AsyncIterable<SourceContent> {
    for (const node of files) {
      throwIfCancelled(signal);
      yield { node, body: this.#contentOf(node) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#digests.clear();
  }

  #contentOf(file: SourceNode): Uint8Array {
    const content = this.#contents.get(file);
    if (content === undefined) throw new Error('a tree reads its own files alone');
    return content;
  }
}
