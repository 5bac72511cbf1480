import type { ByteSource } from '../../bytes/byte-source.ts';
import { throwIfCancelled, WherryError } from '../../errors.ts';
import type { TarEntryInit, TarItem } from '../../tar/writer.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';
import type { FileContent, PlacedEntry } from './layer-files.ts';
import { packTar } from './tar-chunks.ts';

/** A file of the layer and all its names, sorted. */
interface LayerFile {
  readonly content: FileContent;
  readonly names: PlacedEntry[];
}

/**
 * Writes the tar of a layer: first directories, links and devices by path, then the files in the order in which their
 * sources read them, each followed by its hard links. The same entries and sources give the same bytes. Throws what
 * reading the sources throws, `CANCELLED`.
 */
export function writeCopy(entries: readonly PlacedEntry[], signal?: AbortSignal): ByteSource {
  return packTar(items(entries, signal));
}

async function* items(entries: readonly PlacedEntry[], signal?: AbortSignal): AsyncGenerator<TarItem> {
  const files = new Map<FileContent, LayerFile>();
  for (const entry of entries) {
    const { content } = entry;
    if (content === undefined) yield { entry: tarEntry(entry) };
    else if (files.has(content)) files.get(content)?.names.push(entry);
    else files.set(content, { content, names: [entry] });
  }
  for (const [tree, ofTree] of Map.groupBy(files.values(), ({ content }) => content.tree))
    yield* treeItems(tree, ofTree, signal);
}

/** A tree reads a file once a turn: one that is copied to several places takes several. */
async function* treeItems(
  tree: SourceTree,
  files: Iterable<LayerFile>,
  signal?: AbortSignal,
): AsyncGenerator<TarItem> {
  for (let left = [...files]; left.length > 0; ) {
    const turn = new Map<SourceNode, LayerFile>();
    const later: LayerFile[] = [];
    for (const file of left) {
      if (turn.has(file.content.node)) later.push(file);
      else turn.set(file.content.node, file);
    }
    yield* readItems(tree, turn, signal);
    left = later;
  }
}

async function* readItems(
  tree: SourceTree,
  files: Map<SourceNode, LayerFile>,
  signal?: AbortSignal,
): AsyncGenerator<TarItem> {
  let count = 0;
  for await (const { node, body } of tree.read(files.keys(), signal)) {
    throwIfCancelled(signal);
    const file = files.get(node);
    if (file === undefined) throw new Error('a tree reads what it was asked for');
    count++;
    yield* fileItems(file, body);
  }
  if (count !== files.size)
    throw new WherryError('TRUNCATED', `copy: ${count} files were read, want ${files.size}`);
}

function* fileItems(
  { content, names: [first, ...others] }: LayerFile,
  body: ByteSource | Uint8Array,
): Generator<TarItem> {
  if (first === undefined) return;
  const file = tarEntry(first);
  yield { entry: { ...file, size: content.size }, body };
  // With all that the file has: who unpacks a link sets its owner, and with that takes capabilities off.
  for (const other of others)
    yield { entry: { ...tarEntry(other), type: 'hardlink', link: file.name, devMajor: 0, devMinor: 0 } };
}

function tarEntry({ path, state }: PlacedEntry): TarEntryInit {
  const name = state.type === 'directory' ? `${path || '.'}/` : path;
  // Not `...state`: what stands in a lower layer has a size and places of its own.
  const { type, mode, uid, gid, mtime, mtimeNs, link, devMajor, devMinor, xattrs } = state;
  return {
    name: Buffer.from(name, 'latin1'),
    type,
    mode,
    uid,
    gid,
    mtime,
    mtimeNs,
    link,
    devMajor,
    devMinor,
    ...(xattrs && { xattrs }),
  };
}
