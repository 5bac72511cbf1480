import type { EntryType } from '../tar/scanner.ts';
import type { LayerFacts } from './layer-facts.ts';
import {
  FLAG_DEVICE,
  FLAG_LINK,
  FLAG_MTIME_NS,
  FLAG_NEGATIVE_MTIME,
  FLAG_XATTRS,
  TOC_CHECKSUM_START,
  TOC_END_MAGIC,
  TOC_END_OF_RECORDS,
  TOC_MAGIC,
  TOC_TRAILER_BYTES,
  TOC_TYPES,
  type TocEntry,
  tocChecksum,
} from './toc-format.ts';

const CHUNK_BYTES = 64 * 1024;
/** A number of up to 53 bits takes at most 8 bytes; a record has at most 12 numbers outside of its attributes. */
const MAX_NUMBER_BYTES = 8;
const MAX_NUMBERS_BYTES = 2 + 12 * MAX_NUMBER_BYTES;

const TYPE_CODES = Object.fromEntries(
  TOC_TYPES.flatMap((type, code) => (type ? [[type, code]] : [])),
) as Record<EntryType, number>;

/** Writes a table of contents as the entries come: each chunk goes to `sink`, whose own it then is. */
export class TocWriter {
  readonly #sink: (chunk: Uint8Array) => void;
  #buffer = new Uint8Array(CHUNK_BYTES);
  #used = 0;
  #checksum = TOC_CHECKSUM_START;
  #previousName: Uint8Array = new Uint8Array(0);
  #previousEnd = 0;

  constructor(sink: (chunk: Uint8Array) => void) {
    this.#sink = sink;
    this.#bytes(TOC_MAGIC);
  }

  /** Appends one entry, in the order of the tar. */
  add(entry: TocEntry): void {
    const hasDevice = entry.devMajor !== 0 || entry.devMinor !== 0;
    const shared = sharedPrefix(this.#previousName, entry.name);
    this.#reserve(MAX_NUMBERS_BYTES);
    this.#byte(TYPE_CODES[entry.type]);
    this.#byte(
      (entry.mtime < 0 ? FLAG_NEGATIVE_MTIME : 0) |
        (entry.mtimeNs !== 0 ? FLAG_MTIME_NS : 0) |
        (entry.link.length > 0 ? FLAG_LINK : 0) |
        (hasDevice ? FLAG_DEVICE : 0) |
        (entry.xattrs?.size ? FLAG_XATTRS : 0),
    );
    this.#number(shared);
    this.#number(entry.name.length - shared);
    this.#bytes(shared === 0 ? entry.name : entry.name.subarray(shared));
    this.#reserve(MAX_NUMBERS_BYTES);
    this.#number(entry.mode);
    this.#number(entry.uid);
    this.#number(entry.gid);
    this.#number(entry.size);
    this.#number(Math.abs(entry.mtime));
    this.#number(entry.dataOffset - this.#previousEnd);
    if (entry.mtimeNs !== 0) this.#number(entry.mtimeNs);
    if (entry.link.length > 0) this.#field(entry.link);
    if (hasDevice) this.#device(entry);
    if (entry.xattrs?.size) this.#xattrs(entry.xattrs);
    this.#previousName = entry.name;
    this.#previousEnd = entry.dataOffset + entry.size;
  }

  /**
   * Appends entries as another table has them, in `records`; `last` is the last one of them, as it is to be here. The
   * one before the first is to be like the one before it there, and as far from it.
   */
  copy(records: Uint8Array, last: TocEntry): void {
    this.#bytes(records);
    this.#previousName = last.name;
    this.#previousEnd = last.dataOffset + last.size;
  }

  /** Ends the table with what the whole pass found. */
  finish(facts: LayerFacts): void {
    this.#reserve(1);
    this.#byte(TOC_END_OF_RECORDS);
    const json = new TextEncoder().encode(JSON.stringify(facts));
    this.#bytes(json);
    const trailer = new Uint8Array(TOC_TRAILER_BYTES);
    const view = new DataView(trailer.buffer);
    view.setUint32(0, json.length, true);
    view.setUint32(4, tocChecksum(this.#checksum, this.#buffer, this.#used), true);
    trailer.set(TOC_END_MAGIC, 8);
    this.#bytes(trailer);
    this.#flush();
  }

  #device(entry: TocEntry): void {
    this.#reserve(MAX_NUMBERS_BYTES);
    this.#number(entry.devMajor);
    this.#number(entry.devMinor);
  }

  #xattrs(xattrs: ReadonlyMap<string, Uint8Array>): void {
    const encoder = new TextEncoder();
    this.#reserve(MAX_NUMBER_BYTES);
    this.#number(xattrs.size);
    for (const [key, value] of xattrs) {
      this.#field(encoder.encode(key));
      this.#field(value);
    }
  }

  #field(bytes: Uint8Array): void {
    this.#reserve(MAX_NUMBER_BYTES);
    this.#number(bytes.length);
    this.#bytes(bytes);
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > CHUNK_BYTES) this.#flush();
  }

  #byte(value: number): void {
    this.#buffer[this.#used++] = value;
  }

  /** LEB128 of a whole number from 0 to 2^53 - 1. */
  #number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      // Beyond 32 bits the shift operators would cut the number.
      this.#buffer[this.#used++] = (rest & 0x7f) | 0x80;
      rest = rest > 0xffffffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    this.#buffer[this.#used++] = rest;
  }

  #bytes(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#used === CHUNK_BYTES) this.#flush();
      const length = Math.min(bytes.length - offset, CHUNK_BYTES - this.#used);
      this.#buffer.set(bytes.subarray(offset, offset + length), this.#used);
      this.#used += length;
      offset += length;
    }
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#checksum = tocChecksum(this.#checksum, this.#buffer, this.#used);
    this.#sink(this.#buffer.subarray(0, this.#used));
    this.#buffer = new Uint8Array(CHUNK_BYTES);
    this.#used = 0;
  }
}

function sharedPrefix(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  return i;
}
