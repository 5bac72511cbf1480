import type { NodeHasher } from '../bytes/node-hasher.ts';
import { throwIfCancelled } from '../errors.ts';
import { type TarEntryInit, type TarItem, writeTarEntry } from '../tar/writer.ts';
import type { LayerFacts } from './layer-facts.ts';
import type { TocEntry } from './toc-format.ts';
import type { TocIndex } from './toc-index.ts';
import { TocWriter } from './toc-writer.ts';

/** What the caches of a core hold: read, hashed and written while it is there. */
const CHUNK_BYTES = 128 * 1024;
const BLOCK_BYTES = 512;
const NO_BYTES = new Uint8Array(0);

/** A layer that is a plain tar. */
export interface EarlierTar {
  readonly toc: TocIndex;
  /** Reads what starts at `offset` into `buffer`; the result is how many bytes that were: 0 at the end. */
  readInto(buffer: Uint8Array, offset: number): number;
}

/** One entry more, less, or in another one's place. */
export interface TarEdit {
  /** Of the earlier layer's entries: the one that goes, or that `item` comes before. Edits come in that order. */
  readonly at: number;
  readonly removes: boolean;
  readonly item?: TarItem;
}

export interface RevisionOutput {
  /** Has the bytes behind it once it settles: their memory is used again. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Takes the table of contents, each chunk its own. */
  readonly toc: (chunk: Uint8Array) => void;
  readonly createHasher: () => NodeHasher;
  readonly signal?: AbortSignal;
}

/**
 * Writes a layer that is an earlier one but for some entries: what lies between them is copied without a look into it.
 * `undefined`: the bytes of the earlier layer are not what its digest says, and what was written is worth nothing.
 * Throws what `write` and the bodies of the edits throw, `CANCELLED`.
 */
export async function reviseLayer(
  earlier: EarlierTar,
  edits: AsyncIterable<TarEdit>,
  output: RevisionOutput,
): Promise<LayerFacts | undefined> {
  const revision = new Revision(earlier, output);
  for await (const edit of edits) await revision.apply(edit);
  return await revision.finish();
}

class Revision {
  readonly #earlier: EarlierTar;
  readonly #output: RevisionOutput;
  readonly #toc: TocWriter;
  readonly #buffer = new Uint8Array(CHUNK_BYTES);
  /** Of the earlier layer, to see that it is sound. */
  readonly #earlierHasher: NodeHasher;
  /** Of the new one; absent: it is the earlier one so far. */
  #hasher: NodeHasher | undefined;
  /** How much of the earlier layer has been read, and how many of its entries have been dealt with. */
  #read = 0;
  #entry = 0;
  #written = 0;
  #contentSize: number;
  #entries: number;

  constructor(earlier: EarlierTar, output: RevisionOutput) {
    this.#earlier = earlier;
    this.#output = output;
    this.#toc = new TocWriter(output.toc);
    this.#earlierHasher = output.createHasher();
    this.#contentSize = earlier.toc.facts.contentSize;
    this.#entries = earlier.toc.facts.entries;
  }

  async apply({ at, removes, item }: TarEdit): Promise<void> {
    this.#keepEntries(at);
    await this.#copy(this.#startOf(at));
    this.#hasher ??= this.#earlierHasher.copy();
    if (item) await this.#insert(item);
    if (removes) await this.#remove(at);
  }

  async finish(): Promise<LayerFacts | undefined> {
    const { facts, length } = this.#earlier.toc;
    this.#keepEntries(length);
    await this.#copy(facts.size);
    const digest = this.#hasher?.digest();
    if (this.#read !== facts.size || this.#earlierHasher.digest() !== facts.digest) return undefined;
    const size = this.#written;
    const found: LayerFacts = {
      ...{ digest: digest ?? facts.digest, size, diffID: digest ?? facts.digest, tarSize: size },
      ...{ contentSize: this.#contentSize, entries: this.#entries, compression: 'none' },
    };
    this.#toc.finish(found);
    return found;
  }

  /** Where the headers of an entry begin: where the one before it ends. */
  #startOf(at: number): number {
    if (at === 0) return 0;
    const before = this.#earlier.toc.entry(at - 1);
    // What is no file may claim a size, yet no payload follows.
    const size = before.type === 'file' ? before.size : 0;
    return before.dataOffset + size + ((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
  }

  /** Up to `end` the table of contents stays as it is, but for where the next entry lies behind the one before. */
  #keepEntries(end: number): void {
    const from = this.#entry;
    if (from >= end) return;
    const { bytes, recordEnds } = this.#earlier.toc;
    this.#toc.add(this.#shifted(from));
    if (from + 1 < end)
      this.#toc.copy(bytes.subarray(recordEnds[from], recordEnds[end - 1]), this.#shifted(end - 1));
    this.#entry = end;
  }

  /** An entry where it comes to lie. */
  #shifted(at: number): TocEntry {
    const entry = this.#earlier.toc.entry(at);
    const shift = this.#written - this.#read;
    return shift === 0 ? entry : { ...entry, dataOffset: entry.dataOffset + shift };
  }

  async #copy(end: number): Promise<void> {
    while (this.#read < end) {
      throwIfCancelled(this.#output.signal);
      const chunk = this.#take(end);
      if (chunk.length === 0) return;
      this.#hasher?.update(chunk);
      await this.#output.write(chunk);
      this.#written += chunk.length;
    }
  }

  async #remove(at: number): Promise<void> {
    const { size } = this.#earlier.toc.entry(at);
    this.#entry = at + 1;
    this.#contentSize -= size;
    this.#entries--;
    for (const end = this.#startOf(at + 1); this.#read < end; ) if (this.#take(end).length === 0) return;
  }

  /** The next bytes of the earlier layer; none where it ends too soon, which `finish` finds. */
  #take(end: number): Uint8Array {
    const wanted = this.#buffer.subarray(0, Math.min(CHUNK_BYTES, end - this.#read));
    const chunk = wanted.subarray(0, this.#earlier.readInto(wanted, this.#read));
    this.#earlierHasher.update(chunk);
    this.#read += chunk.length;
    return chunk;
  }

  async #insert({ entry, body }: TarItem): Promise<void> {
    let dataOffset: number | undefined;
    for await (const chunk of writeTarEntry(entry, body)) {
      this.#hasher?.update(chunk);
      await this.#output.write(chunk);
      this.#written += chunk.length;
      // The headers come first, in one piece.
      dataOffset ??= this.#written;
    }
    const { size = 0 } = entry;
    this.#toc.add(tocEntry(entry, dataOffset ?? this.#written));
    this.#contentSize += size;
    this.#entries++;
  }
}

/** As reading the entry's headers would give it. */
function tocEntry(entry: TarEntryInit, dataOffset: number): TocEntry {
  const { name, type, xattrs } = entry;
  if (type !== 'file' || typeof name === 'string')
    throw new Error('edits are of files, and all about them is said');
  const { mode = 0, uid = 0, gid = 0, size = 0, mtime = 0, mtimeNs = 0 } = entry;
  const found = { name, type, mode, uid, gid, size, mtime, mtimeNs, dataOffset };
  return { ...found, link: NO_BYTES, devMajor: 0, devMinor: 0, ...(xattrs && { xattrs }) };
}
