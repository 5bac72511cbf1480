import type { ByteSource } from '../bytes/byte-source.ts';
import type { TarItem } from '../tar/writer.ts';
import { type EntrySource, type ImageTree, isDirectory, type TreeDirectory } from './image-tree.ts';
import { fromLatin1 } from './tree-path.ts';

/**
 * The files of a tree as a tar has them: by name, each directory before what is in it and nothing else between, so that
 * whoever unpacks it can close a directory when it is left. Names of one file are hard links to the first. `read` gives
 * what a file holds; it is read in this order.
 */
export function* treeItems(tree: ImageTree, read: (source: EntrySource) => ByteSource): Generator<TarItem> {
  const { source } = tree.root;
  if (source) yield { entry: { ...source.entry, name: './' } };
  yield* itemsIn(tree.root, '', { read, first: new Map() });
}

interface Walk {
  readonly read: (source: EntrySource) => ByteSource;
  /** The path of each file that was written. */
  readonly first: Map<EntrySource, Uint8Array>;
}

function* itemsIn({ children }: TreeDirectory, prefix: string, walk: Walk): Generator<TarItem> {
  for (const name of [...children.keys()].sort()) {
    const child = children.get(name);
    const path = `${prefix}${name}`;
    if (isDirectory(child)) {
      const at = fromLatin1(`${path}/`);
      yield { entry: child.source ? { ...child.source.entry, name: at } : { name: at, type: 'directory' } };
      yield* itemsIn(child, `${path}/`, walk);
    } else if (child) yield fileItem(child.source, fromLatin1(path), walk);
  }
}

function fileItem(source: EntrySource, name: Uint8Array, { read, first }: Walk): TarItem {
  const { entry } = source;
  const known = first.get(source);
  if (known)
    return { entry: { ...entry, name, type: 'hardlink', link: known, size: 0, devMajor: 0, devMinor: 0 } };
  first.set(source, name);
  return entry.size === 0 ? { entry: { ...entry, name } } : { entry: { ...entry, name }, body: read(source) };
}
