import type { ByteSource } from '../bytes/byte-source.ts';
import { concatBytes } from '../bytes/concat.ts';
import { isDigest } from '../digest.ts';
import type { LayerFacts } from './layer-facts.ts';
import {
  KNOWN_FLAGS,
  MAX_TOC_FACTS_BYTES,
  TOC_CHECKSUM_START,
  TOC_END_MAGIC,
  TOC_END_OF_RECORDS,
  TOC_MAGIC,
  TOC_TRAILER_BYTES,
  TOC_TYPES,
  type TocEntry,
  tocChecksum,
} from './toc-format.ts';
import { Cursor, corruptToc, NameSlabs, readFields } from './toc-record.ts';

/** Enough for any facts with their trailer: what `readTocFacts` needs of a file's end. */
export const TOC_TAIL_BYTES = MAX_TOC_FACTS_BYTES + TOC_TRAILER_BYTES;

const NO_BYTES = new Uint8Array(0);

/** Says that the bytes at hand end inside of a record: more are needed. */
const INCOMPLETE = Symbol('incomplete');

/**
 * Reads a table of contents held in memory, entry by entry. Names and values are views of `bytes`, or of
 * copies where a name shares its start with the one before. Throws `CORRUPT` for what is no complete table.
 */
export function* readToc(bytes: Uint8Array): Generator<TocEntry, LayerFacts, undefined> {
  const reader = new TocReader();
  yield* reader.push(bytes);
  return reader.finish();
}

/** Reads a table of contents from a stream, in memory bounded by one record. Throws as `readToc` does. */
export async function* readTocSource(source: ByteSource): AsyncGenerator<TocEntry, LayerFacts, undefined> {
  const reader = new TocReader();
  for await (const chunk of source) yield* reader.push(chunk);
  return reader.finish();
}

/**
 * Reads the facts at the end of a table of contents from its last `TOC_TAIL_BYTES`, or from more of it, without
 * checking what stands before them. Throws `CORRUPT` when there are none.
 */
export function readTocFacts(tail: Uint8Array): LayerFacts {
  const trailer = readTrailer(tail);
  const end = tail.length - TOC_TRAILER_BYTES;
  if (trailer.factsLength > MAX_TOC_FACTS_BYTES || trailer.factsLength > end)
    throw corruptToc('bad length of facts');
  return parseFacts(tail.subarray(end - trailer.factsLength, end));
}

/** As `readTocFacts`, of a whole table, with where they start; checks magic and check sum too. */
export function readWholeTocFacts(bytes: Uint8Array): { readonly facts: LayerFacts; readonly start: number } {
  if (!startsWith(bytes, TOC_MAGIC)) throw corruptToc('bad magic');
  const { factsLength, checksum } = readTrailer(bytes);
  const end = bytes.length - TOC_TRAILER_BYTES;
  if (factsLength > MAX_TOC_FACTS_BYTES || factsLength > end - TOC_MAGIC.length)
    throw corruptToc('bad length of facts');
  if (tocChecksum(TOC_CHECKSUM_START, bytes, end) !== checksum) throw corruptToc('bad check sum');
  return { facts: parseFacts(bytes.subarray(end - factsLength, end)), start: end - factsLength };
}

class TocReader {
  /** Bytes not read yet: the start of a record, or all behind the last one. */
  #rest: Uint8Array = NO_BYTES;
  #checksum = TOC_CHECKSUM_START;
  #place: 'magic' | 'records' | 'facts' = 'magic';
  readonly #names = new NameSlabs();
  #previousName: Uint8Array = NO_BYTES;
  #previousEnd = 0;
  #entries = 0;

  *push(chunk: Uint8Array): Generator<TocEntry, void, undefined> {
    const bytes = this.#rest.length === 0 ? chunk : concatBytes([this.#rest, chunk]);
    this.#rest = bytes;
    let offset = 0;
    if (this.#place === 'magic') {
      if (bytes.length < TOC_MAGIC.length) return;
      if (!startsWith(bytes, TOC_MAGIC)) throw corruptToc('bad magic');
      offset = TOC_MAGIC.length;
      this.#place = 'records';
    }
    const cursor = new Cursor(bytes, offset);
    while (this.#place === 'records') {
      const start = cursor.offset;
      const entry = this.#readRecord(cursor);
      if (entry === INCOMPLETE) {
        cursor.offset = start;
        break;
      }
      if (entry === undefined) this.#place = 'facts';
      else yield entry;
    }
    this.#keep(bytes, cursor.offset);
  }

  finish(): LayerFacts {
    if (this.#place !== 'facts') throw corruptToc('unexpected end');
    const rest = this.#rest;
    const { factsLength, checksum } = readTrailer(rest);
    if (factsLength !== rest.length - TOC_TRAILER_BYTES) throw corruptToc('bad length of facts');
    const facts = rest.subarray(0, factsLength);
    if (tocChecksum(this.#checksum, facts) !== checksum) throw corruptToc('bad check sum');
    const parsed = parseFacts(facts);
    if (parsed.entries !== this.#entries)
      throw corruptToc(`${this.#entries} entries, but its facts say ${parsed.entries}`);
    return parsed;
  }

  #keep(bytes: Uint8Array, offset: number): void {
    this.#checksum = tocChecksum(this.#checksum, bytes.subarray(0, offset));
    // A copy, so that a few bytes do not hold on to a whole chunk.
    this.#rest = bytes.slice(offset);
    if (this.#place === 'facts' && this.#rest.length > TOC_TAIL_BYTES)
      throw corruptToc('bytes after its end');
  }

  #readRecord(cursor: Cursor): TocEntry | undefined | typeof INCOMPLETE {
    const code = cursor.byte();
    if (code === undefined) return INCOMPLETE;
    if (code === TOC_END_OF_RECORDS) return undefined;
    const type = TOC_TYPES[code];
    const flags = cursor.byte() ?? 0;
    if (type === undefined || flags & ~KNOWN_FLAGS) throw corruptToc(`bad record type ${code}`);
    const name = cursor.name(this.#previousName, this.#names);
    const entry = readFields(cursor, { type, flags, name, previousEnd: this.#previousEnd });
    if (cursor.short) return INCOMPLETE;
    this.#previousName = name;
    this.#previousEnd = entry.dataOffset + entry.size;
    if (!Number.isSafeInteger(this.#previousEnd)) throw corruptToc('offset out of range');
    this.#entries++;
    return entry;
  }
}

function readTrailer(tail: Uint8Array): { factsLength: number; checksum: number } {
  const trailer = tail.subarray(Math.max(tail.length - TOC_TRAILER_BYTES, 0));
  if (trailer.length < TOC_TRAILER_BYTES || !startsWith(trailer.subarray(8), TOC_END_MAGIC))
    throw corruptToc('unexpected end');
  const view = new DataView(trailer.buffer, trailer.byteOffset);
  return { factsLength: view.getUint32(0, true), checksum: view.getUint32(4, true) };
}

function parseFacts(bytes: Uint8Array): LayerFacts {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw corruptToc('bad facts', cause);
  }
  if (!isFacts(value)) throw corruptToc('bad facts');
  return value;
}

function isFacts(value: unknown): value is LayerFacts {
  if (typeof value !== 'object' || value === null) return false;
  const facts = value as Record<string, unknown>;
  const counts = [facts.size, facts.tarSize, facts.contentSize, facts.entries];
  return (
    [facts.digest, facts.diffID].every((digest) => typeof digest === 'string' && isDigest(digest)) &&
    counts.every((count) => Number.isSafeInteger(count) && Number(count) >= 0) &&
    ['none', 'gzip', 'zstd', 'xz', 'bzip2'].includes(String(facts.compression))
  );
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, i) => bytes[i] === byte);
}
