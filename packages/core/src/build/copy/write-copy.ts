import type { ByteSource } from '../../bytes/byte-source.ts';
import { throwIfCancelled, WherryError } from '../../errors.ts';
import { packTar } from '../../tar/tar-chunks.ts';
import type { TarEntryInit, TarItem } from '../../tar/writer.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';
import { type EarlierContents, hadIn } from './earlier-contents.ts';
import type { PlacedEntry } from './layer-files.ts';

/** All names of a file of the layer, sorted; most have one. */
type FileNames = PlacedEntry | PlacedEntry[];

/**
 * Writes the tar of a layer: first directories, links and devices by path, then the files in the order in which their
 * sources read them, each followed by its hard links. The same entries and sources give the same bytes, whatever `earlier`
 * spares them to read. Throws what reading the sources throws, `CANCELLED`.
 */
export function writeCopy(
  entries: readonly PlacedEntry[],
  signal?: AbortSignal,
  earlier?: EarlierContents,
): ByteSource {
  return packTar(items(entries, signal, earlier));
}

async function* items(
  entries: readonly PlacedEntry[],
  signal?: AbortSignal,
  earlier?: EarlierContents,
): AsyncGenerator<TarItem> {
  const turns = new ReadTurns();
  for (const entry of entries) if (!turns.add(entry)) yield { entry: tarEntry(entry) };
  for (const { tree, files } of turns) {
    let count = 0;
    const had = hadIn(earlier, (node) => firstOf(files.get(node))?.path);
    for await (const { node, body } of tree.read(files.keys(), signal, had)) {
      throwIfCancelled(signal);
      const names = files.get(node);
      if (names === undefined) throw new Error('a tree reads what it was asked for');
      count++;
      if (!Array.isArray(names)) yield { entry: tarEntry(names, node.size), body };
      else yield* linkedItems(names, node, body);
    }
    if (count !== files.size)
      throw new WherryError('TRUNCATED', `copy: ${count} files were read, want ${files.size}`);
  }
}

function firstOf(names: FileNames | undefined): PlacedEntry | undefined {
  return Array.isArray(names) ? names[0] : names;
}

/** Files of one tree that are read in one go. */
type ReadTurn = Map<SourceNode, FileNames>;

/** A tree reads a file once a turn: one that is copied to several places takes several. */
class ReadTurns {
  readonly #turns = new Map<SourceTree, ReadTurn[]>();

  /** Takes in an entry that has content, `false` for others. */
  add(entry: PlacedEntry): boolean {
    const { node, from } = entry;
    if (node === undefined || from === undefined) return false;
    const turns = this.#turns.get(from.tree) ?? [];
    if (turns.length === 0) this.#turns.set(from.tree, turns);
    for (const turn of turns) {
      const names = turn.get(node);
      const first = firstOf(names);
      // Another file where the node's content stands already comes in a later turn.
      if (first !== undefined && first.from !== from) continue;
      if (Array.isArray(names)) names.push(entry);
      else turn.set(node, names === undefined ? entry : [names, entry]);
      return true;
    }
    turns.push(new Map([[node, entry]]));
    return true;
  }

  *[Symbol.iterator](): Generator<{ readonly tree: SourceTree; readonly files: ReadTurn }> {
    for (const [tree, turns] of this.#turns) for (const files of turns) yield { tree, files };
  }
}

function* linkedItems(
  [first, ...others]: readonly PlacedEntry[],
  { size }: SourceNode,
  body: ByteSource | Uint8Array,
): Generator<TarItem> {
  if (first === undefined) return;
  const file = tarEntry(first, size);
  yield { entry: file, body };
  // With all that the file has: who unpacks a link sets its owner, and with that takes capabilities off.
  for (const other of others)
    yield { entry: { ...tarEntry(other), type: 'hardlink', link: file.name, devMajor: 0, devMinor: 0 } };
}

/** An entry of the layer as its tar has it. */
export function tarEntry({ path, state }: PlacedEntry, size = 0): TarEntryInit {
  const name = state.type === 'directory' ? `${path || '.'}/` : path;
  // Not `...state`: what stands in a lower layer has a size and places of its own.
  const { type, mode, uid, gid, mtime, mtimeNs, link, devMajor, devMinor, xattrs } = state;
  const entry = { type, mode, uid, gid, size, mtime, mtimeNs, link, devMajor, devMinor };
  const bytes = Buffer.from(name, 'latin1');
  return xattrs ? { name: bytes, ...entry, xattrs } : { name: bytes, ...entry };
}
