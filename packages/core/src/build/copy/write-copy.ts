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
  for (const { tree, files: wanted } of turnsOf(files.values())) {
    let count = 0;
    for await (const { node, body } of tree.read(wanted.keys(), signal)) {
      throwIfCancelled(signal);
      const file = wanted.get(node);
      if (file === undefined) throw new Error('a tree reads what it was asked for');
      count++;
      for (const item of fileItems(file, body)) yield item;
    }
    if (count !== wanted.size)
      throw new WherryError('TRUNCATED', `copy: ${count} files were read, want ${wanted.size}`);
  }
}

/** Files of one tree that are read in one go. */
interface ReadTurn {
  readonly tree: SourceTree;
  readonly files: Map<SourceNode, LayerFile>;
}

/** A tree reads a file once a turn: one that is copied to several places takes several. */
function* turnsOf(files: Iterable<LayerFile>): Generator<ReadTurn> {
  for (const [tree, ofTree] of Map.groupBy(files, ({ content }) => content.tree)) {
    for (let left = ofTree; left.length > 0; ) {
      const turn = new Map<SourceNode, LayerFile>();
      const later: LayerFile[] = [];
      for (const file of left) {
        if (turn.has(file.content.node)) later.push(file);
        else turn.set(file.content.node, file);
      }
      yield { tree, files: turn };
      left = later;
    }
  }
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
