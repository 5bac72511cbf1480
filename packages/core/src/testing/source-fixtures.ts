import { MemorySource } from '../build/copy/memory-source.ts';
import type { SourceNode, SourceTree } from '../build/source-tree.ts';

/** A file of a fixture; a text is a file with that content. */
export interface SourceFixture extends Partial<Omit<SourceNode, 'link' | 'children' | 'size'>> {
  readonly content?: string | Uint8Array;
  readonly link?: string;
  /** A name that came before, of which this is a hard link. */
  readonly sameAs?: string;
}

export type SourceFixtures = Readonly<Record<string, string | SourceFixture>>;

type MutableNode = SourceNode & { readonly children?: Map<string, SourceNode> };

/** Makes a tree in memory: by path, a name that ends in `/` is a directory, parents come by themselves. */
export function sourceOfFiles(fixtures: SourceFixtures): SourceTree {
  const contents = new Map<SourceNode, Uint8Array>();
  const root = directory({});
  const known = new Map<string, SourceNode>();
  for (const [path, given] of Object.entries(fixtures)) {
    const fixture = typeof given === 'string' ? { content: given } : given;
    const elements = Buffer.from(path).toString('latin1').split('/').filter(Boolean);
    const name = elements.pop();
    if (name === undefined) continue;
    const parent = elements.reduce(directoryIn, root);
    const node = known.get(fixture.sameAs ?? '') ?? nodeOf(path, fixture, contents);
    known.set(path, node);
    parent.children?.set(name, node);
  }
  return new MemorySource(root, contents);
}

function directoryIn(parent: MutableNode, name: string): MutableNode {
  const existing = parent.children?.get(name) as MutableNode | undefined;
  if (existing?.children) return existing;
  const made = directory({});
  parent.children?.set(name, made);
  return made;
}

function nodeOf(path: string, fixture: SourceFixture, contents: Map<SourceNode, Uint8Array>): SourceNode {
  const { content = '', link, sameAs: _, ...rest } = fixture;
  if (path.endsWith('/')) return directory(rest);
  if (link !== undefined)
    return { ...PLAIN, mode: 0o777, ...rest, type: 'symlink', link: new TextEncoder().encode(link) };
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const node: SourceNode = { ...PLAIN, mode: 0o644, type: 'file', ...rest, size: bytes.length };
  if (node.type === 'file') contents.set(node, bytes);
  return node;
}

function directory(rest: Omit<SourceFixture, 'content' | 'link' | 'sameAs'>): MutableNode {
  return { ...PLAIN, mode: 0o755, ...rest, type: 'directory', children: new Map() };
}

const PLAIN = {
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 1_600_000_000,
  mtimeNs: 5,
  link: new Uint8Array(0),
  devMajor: 0,
  devMinor: 0,
};
