import type { LayerFacts } from './layer-facts.ts';
import {
  FLAG_DEVICE,
  FLAG_LINK,
  FLAG_MTIME_NS,
  FLAG_XATTRS,
  KNOWN_FLAGS,
  TOC_END_OF_RECORDS,
  TOC_MAGIC,
  TOC_TYPES,
  type TocEntry,
} from './toc-format.ts';
import { readWholeTocFacts } from './toc-reader.ts';
import { corruptToc, readTocRecord } from './toc-record.ts';

/** A record has at least a type, flags and 8 numbers. */
const MIN_RECORD_BYTES = 10;
const FIRST_NAMES_BYTES = 64 * 1024;
/** Of all names together: some 20 million files. */
const MAX_NAMES_BYTES = 2 ** 31;
const FILE = TOC_TYPES.indexOf('file');

/**
 * A table of contents whose entries are looked at where they stand: to make an object of each takes ten times as long,
 * and memory. Throws `CORRUPT` for what is no complete table.
 */
export class TocIndex {
  readonly bytes: Uint8Array;
  readonly facts: LayerFacts;
  /** Where in `bytes` the record of each ends. */
  readonly recordEnds: Uint32Array;
  /** Where in the tar the payload of each ends. */
  readonly #ends: Float64Array;
  #names = new Uint8Array(FIRST_NAMES_BYTES);
  readonly #nameEnds: Uint32Array;
  #at = TOC_MAGIC.length;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const { facts, start } = readWholeTocFacts(bytes);
    this.facts = facts;
    const { entries } = facts;
    if (entries > bytes.length / MIN_RECORD_BYTES) throw corruptToc('more entries than records');
    this.recordEnds = new Uint32Array(entries);
    this.#ends = new Float64Array(entries);
    this.#nameEnds = new Uint32Array(entries);
    for (let i = 0; i < entries; i++) this.#scan(i);
    if (this.#at + 1 !== start || bytes[this.#at] !== TOC_END_OF_RECORDS)
      throw corruptToc('other entries than its facts say');
  }

  get length(): number {
    return this.recordEnds.length;
  }

  /** All about an entry. */
  entry(at: number): TocEntry {
    if (at < 0 || at >= this.length) throw new Error(`no entry ${at} of ${this.length}`);
    const previous = { name: this.name(at - 1), end: this.#ends[at - 1] ?? 0 };
    return readTocRecord(this.bytes, this.#recordStart(at), previous);
  }

  isFile(at: number): boolean {
    return this.bytes[this.#recordStart(at)] === FILE;
  }

  name(at: number): Uint8Array {
    return this.#names.subarray(this.#nameEnds[at - 1] ?? 0, this.#nameEnds[at] ?? 0);
  }

  /** Whether the name of an entry is `prefix` and then `path` from `start` on, its bytes one a character. */
  isNamed(at: number, prefix: Uint8Array, path: string, start: number): boolean {
    const names = this.#names;
    const first = this.#nameEnds[at - 1] ?? 0;
    const rest = first + prefix.length - start;
    if (this.#nameEnds[at] !== rest + path.length) return false;
    for (let i = 0; i < prefix.length; i++) if (names[first + i] !== prefix[i]) return false;
    for (let i = start; i < path.length; i++) if (names[rest + i] !== path.charCodeAt(i)) return false;
    return true;
  }

  #recordStart(at: number): number {
    return this.recordEnds[at - 1] ?? TOC_MAGIC.length;
  }

  #scan(i: number): void {
    const type = this.bytes[this.#at++] ?? 0;
    const flags = this.bytes[this.#at++] ?? 0;
    if (TOC_TYPES[type] === undefined || flags & ~KNOWN_FLAGS) throw corruptToc(`bad record type ${type}`);
    this.#scanName(i);
    this.#skipNumbers(3);
    const size = this.#number();
    this.#skipNumbers(1);
    const end = (this.#ends[i - 1] ?? 0) + this.#number() + size;
    if (!Number.isSafeInteger(end)) throw corruptToc('offset out of range');
    if (flags & FLAG_MTIME_NS) this.#skipNumbers(1);
    if (flags & FLAG_LINK) this.#skipField();
    if (flags & FLAG_DEVICE) this.#skipNumbers(2);
    if (flags & FLAG_XATTRS) for (let fields = 2 * this.#number(); fields > 0; fields--) this.#skipField();
    if (this.#at > this.bytes.length) throw corruptToc('unexpected end');
    this.#ends[i] = end;
    this.recordEnds[i] = this.#at;
  }

  #scanName(i: number): void {
    const shared = this.#number();
    const length = this.#number();
    const from = this.#nameEnds[i - 2] ?? 0;
    const to = this.#nameEnds[i - 1] ?? 0;
    if (shared > to - from) throw corruptToc('bad shared name');
    if (length > this.bytes.length - this.#at) throw corruptToc('unexpected end');
    const end = to + shared + length;
    if (end > MAX_NAMES_BYTES) throw corruptToc('names out of range');
    if (end > this.#names.length) this.#growNames(end);
    // Names are short: calls for whole pieces take longer.
    const names = this.#names;
    for (let k = 0; k < shared; k++) names[to + k] = names[from + k] ?? 0;
    for (let k = to + shared; k < end; k++) names[k] = this.bytes[this.#at++] ?? 0;
    this.#nameEnds[i] = end;
  }

  #growNames(length: number): void {
    const names = new Uint8Array(Math.max(length, 2 * this.#names.length));
    names.set(this.#names);
    this.#names = names;
  }

  #skipField(): void {
    const length = this.#number();
    if (length > this.bytes.length - this.#at) throw corruptToc('unexpected end');
    this.#at += length;
  }

  #skipNumbers(count: number): void {
    for (let left = count; left > 0; ) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw corruptToc('unexpected end');
      if (byte < 0x80) left--;
    }
  }

  /** As `TocWriter` writes it. */
  #number(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw corruptToc('unexpected end');
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw corruptToc('number out of range');
      if (byte < 0x80) return value;
      if (scale > Number.MAX_SAFE_INTEGER) throw corruptToc('number out of range');
    }
  }
}
