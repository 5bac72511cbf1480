import { WherryError } from '../errors.ts';
import {
  FLAG_DEVICE,
  FLAG_LINK,
  FLAG_MTIME_NS,
  FLAG_NEGATIVE_MTIME,
  FLAG_XATTRS,
  MAX_TOC_FIELD_BYTES,
  MAX_TOC_XATTRS,
  TOC_TYPES,
  type TocEntry,
} from './toc-format.ts';

const NO_BYTES = new Uint8Array(0);
const SLAB_BYTES = 64 * 1024;

/** The entry whose record begins at `start`; `previous` is the one before it. */
export function readTocRecord(
  bytes: Uint8Array,
  start: number,
  previous: { readonly name: Uint8Array; readonly end: number },
): TocEntry {
  const cursor = new Cursor(bytes, start);
  const type = TOC_TYPES[cursor.byte() ?? 0];
  const flags = cursor.byte() ?? 0;
  if (type === undefined) throw corruptToc('bad record type');
  const name = cursor.name(previous.name, new NameSlabs());
  const entry = readFields(cursor, { type, flags, name, previousEnd: previous.end });
  if (cursor.short) throw corruptToc('unexpected end');
  return entry;
}

interface RecordStart {
  readonly type: TocEntry['type'];
  readonly flags: number;
  readonly name: Uint8Array;
  readonly previousEnd: number;
}

export function readFields(cursor: Cursor, { type, flags, name, previousEnd }: RecordStart): TocEntry {
  const mode = cursor.number();
  const uid = cursor.number();
  const gid = cursor.number();
  const size = cursor.number();
  const mtime = cursor.number();
  const dataOffset = previousEnd + cursor.number();
  const mtimeNs = flags & FLAG_MTIME_NS ? cursor.number() : 0;
  const link = flags & FLAG_LINK ? cursor.field() : NO_BYTES;
  const devMajor = flags & FLAG_DEVICE ? cursor.number() : 0;
  const devMinor = flags & FLAG_DEVICE ? cursor.number() : 0;
  const entry = {
    name,
    type,
    mode,
    uid,
    gid,
    size,
    mtime: flags & FLAG_NEGATIVE_MTIME ? -mtime : mtime,
    mtimeNs,
    link,
    devMajor,
    devMinor,
    dataOffset,
  };
  return flags & FLAG_XATTRS ? { ...entry, xattrs: cursor.xattrs() } : entry;
}

/** Walks over bytes; what is cut off reads as 0 or empty and sets `short`. */
export class Cursor {
  offset: number;
  short = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  byte(): number | undefined {
    const byte = this.#bytes[this.offset++];
    if (byte === undefined) this.short = true;
    return byte;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      if (byte === undefined) return 0;
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw corruptToc('number out of range');
      if (byte < 0x80) return value;
      scale *= 128;
      if (scale > Number.MAX_SAFE_INTEGER) throw corruptToc('number out of range');
    }
  }

  field(): Uint8Array {
    return this.#take(this.number());
  }

  name(previous: Uint8Array, names: NameSlabs): Uint8Array {
    const shared = this.number();
    const length = this.number();
    if (shared > previous.length) throw corruptToc('bad shared name');
    const rest = this.#take(length);
    return shared === 0 || this.short ? rest : names.join(previous, shared, rest);
  }

  xattrs(): Map<string, Uint8Array> {
    const count = this.number();
    if (count > MAX_TOC_XATTRS) throw corruptToc('too many extended attributes');
    const decoder = new TextDecoder();
    const xattrs = new Map<string, Uint8Array>();
    for (let i = 0; i < count && !this.short; i++) {
      const key = decoder.decode(this.field());
      xattrs.set(key, this.field());
    }
    return xattrs;
  }

  #take(length: number): Uint8Array {
    if (length > MAX_TOC_FIELD_BYTES) throw corruptToc(`field of ${length} bytes`);
    const end = this.offset + length;
    if (end > this.#bytes.length) {
      this.short = true;
      return NO_BYTES;
    }
    const taken = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }
}

/** Room for names, many to an allocation: an array of its own for each costs more than reading the entry. */
export class NameSlabs {
  #slab: Uint8Array = NO_BYTES;
  #used = 0;

  /** The first `shared` bytes of `previous`, then `rest`. */
  join(previous: Uint8Array, shared: number, rest: Uint8Array): Uint8Array {
    const length = shared + rest.length;
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(Math.max(SLAB_BYTES, length));
      this.#used = 0;
    }
    const slab = this.#slab;
    const start = this.#used;
    for (let i = 0; i < shared; i++) slab[start + i] = previous[i] ?? 0;
    slab.set(rest, start + shared);
    this.#used += length;
    return slab.subarray(start, start + length);
  }
}

export function corruptToc(detail: string, cause?: unknown): WherryError {
  return new WherryError('CORRUPT', `table of contents: ${detail}`, { cause });
}
