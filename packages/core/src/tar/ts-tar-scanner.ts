import { WherryError } from '../errors.ts';
import { BLOCK_BYTES, isZeroBlock, parseHeader, type TarHeader } from './header.ts';
import { type PaxRecords, parsePax, parsePaxNumber, parsePaxTime, paxSparse, paxXattrs } from './pax.ts';
import {
  type EntryType,
  extensionTooLarge,
  invalidHeader,
  sparseRefused,
  type TarEntry,
  type TarScanner,
  truncatedTar,
  unknownEntryType,
} from './scanner.ts';

/** Go's archive/tar has the same limit. */
const MAX_EXTENSION_BYTES = 1 << 20;
const SLASH = 0x2f;
const EMPTY = new Uint8Array(0);

const TYPE_OF_FLAG: ReadonlyMap<string, EntryType> = new Map([
  ['0', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'char'],
  ['4', 'block'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['7', 'file'],
]);

type Phase = 'header' | 'extension' | 'ended';

/** Body of an extension while it comes in. */
interface Extension {
  readonly flag: string;
  readonly body: Uint8Array;
  filled: number;
}

/** What the extensions before an entry say about it. */
interface Overrides {
  /** Where the first of them starts. */
  readonly start: number;
  pax: PaxRecords;
  longName: Uint8Array;
  longLink: Uint8Array;
}

/** The tar scanner in plain TypeScript; `assembly/tar-scan.ts` is the same in WebAssembly. */
export class TsTarScanner implements TarScanner {
  #phase: Phase = 'header';
  #position = 0;
  #payloadLeft = 0;
  #paddingLeft = 0;
  #hasZeroBlock = false;
  /** A header block that came in pieces. */
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #held = 0;
  #extension: Extension | undefined;
  #overrides: Overrides | undefined;
  #error: WherryError | undefined;

  push(chunk: Uint8Array): readonly TarEntry[] {
    if (this.#error) throw this.#error;
    const entries: TarEntry[] = [];
    try {
      for (let at = 0; at < chunk.length; ) at += this.#take(chunk, at, entries);
    } catch (error) {
      if (!(error instanceof WherryError)) throw error;
      this.#error = error;
      if (entries.length === 0) throw error;
    }
    return entries;
  }

  finish(): void {
    if (!this.#error && (this.#phase === 'extension' || this.#held > 0 || this.#payloadLeft > 0))
      this.#error = truncatedTar(this.#position);
    if (this.#error) throw this.#error;
  }

  /** Takes some bytes of `chunk` from `at`; returns how many. */
  #take(chunk: Uint8Array, at: number, entries: TarEntry[]): number {
    const left = chunk.length - at;
    if (this.#phase === 'ended') return left;
    if (this.#extension) return this.#takeExtension(this.#extension, chunk, at);
    if (this.#payloadLeft + this.#paddingLeft > 0) return this.#skip(left);
    if (this.#held === 0 && left >= BLOCK_BYTES) {
      this.#position += BLOCK_BYTES;
      this.#readBlock(chunk.subarray(at, at + BLOCK_BYTES), entries);
      return BLOCK_BYTES;
    }
    const taken = Math.min(left, BLOCK_BYTES - this.#held);
    this.#block.set(chunk.subarray(at, at + taken), this.#held);
    this.#held += taken;
    this.#position += taken;
    if (this.#held === BLOCK_BYTES) {
      this.#held = 0;
      this.#readBlock(this.#block, entries);
    }
    return taken;
  }

  #skip(left: number): number {
    const payload = Math.min(left, this.#payloadLeft);
    const padding = Math.min(left - payload, this.#paddingLeft);
    this.#payloadLeft -= payload;
    this.#paddingLeft -= padding;
    this.#position += payload + padding;
    return payload + padding;
  }

  #takeExtension(extension: Extension, chunk: Uint8Array, at: number): number {
    const { body, filled } = extension;
    const taken = Math.min(chunk.length - at, body.length - filled);
    body.set(chunk.subarray(at, at + taken), filled);
    extension.filled += taken;
    this.#position += taken;
    if (extension.filled === body.length) this.#endExtension(extension);
    return taken;
  }

  #readBlock(block: Uint8Array, entries: TarEntry[]): void {
    const start = this.#position - BLOCK_BYTES;
    if (isZeroBlock(block)) {
      if (this.#hasZeroBlock) this.#phase = 'ended';
      this.#hasZeroBlock = true;
      return;
    }
    const header = this.#hasZeroBlock ? undefined : parseHeader(block);
    if (!header) throw invalidHeader(start);
    const flag = String.fromCharCode(header.typeFlag);
    if (header.size < 0 && hasPayload(flag)) throw invalidHeader(start);
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      this.#beginExtension(flag, header.size, start);
      return;
    }
    const overrides = this.#overrides ?? { start, pax: new Map(), longName: EMPTY, longLink: EMPTY };
    this.#overrides = undefined;
    const entry = this.#readEntry(header, flag, overrides, start);
    if (entry) entries.push(entry);
  }

  #beginExtension(flag: string, size: number, start: number): void {
    if (size > MAX_EXTENSION_BYTES) throw extensionTooLarge(start);
    this.#overrides ??= { start, pax: new Map(), longName: EMPTY, longLink: EMPTY };
    this.#extension = { flag, body: new Uint8Array(size), filled: 0 };
    this.#phase = 'extension';
    if (size === 0) this.#endExtension(this.#extension);
  }

  #endExtension({ flag, body }: Extension): void {
    this.#extension = undefined;
    this.#phase = 'header';
    this.#paddingLeft = paddingOf(body.length);
    const overrides = this.#overrides;
    if (!overrides) throw new Error('tar scanner: extension without a start');
    if (flag === 'L') overrides.longName = untilNul(body);
    else if (flag === 'K') overrides.longLink = untilNul(body);
    else {
      const records = parsePax(body);
      if (!records) throw invalidHeader(this.#position - body.length - BLOCK_BYTES);
      overrides.pax = records;
      // Docker reads a global header and applies nothing of it; what came before it is void as well.
      if (flag === 'g') this.#overrides = undefined;
    }
  }

  /** Merges headers into an entry; `undefined` for what is no entry of the file system. */
  #readEntry(header: TarHeader, headerFlag: string, over: Overrides, start: number): TarEntry | undefined {
    const numbers = mergeNumbers(header, over.pax);
    if (!numbers) throw invalidHeader(start);
    const name = firstOf(over.longName, over.pax.get('path'), header.name);
    // V7 has one flag for files and directories.
    const flag = headerFlag !== '\0' ? headerFlag : name.at(-1) === SLASH ? '5' : '0';
    const size = hasPayload(flag) ? numbers.size : 0;
    if (size < 0) throw invalidHeader(start);
    const sparse = paxSparse(over.pax);
    if (sparse || flag === 'S') throw sparseRefused(start, sparse?.name ?? name);
    this.#payloadLeft = size;
    this.#paddingLeft = paddingOf(size);
    // Solaris ACLs and GNU volume labels are no entries of the file system.
    if (flag === 'A' || flag === 'V') return undefined;
    const type = TYPE_OF_FLAG.get(flag);
    if (!type) throw unknownEntryType(start, header.typeFlag);

    const isLink = type === 'hardlink' || type === 'symlink';
    const isDevice = type === 'char' || type === 'block';
    const xattrs = paxXattrs(over.pax);
    return {
      name,
      type,
      mode: header.mode & 0o7777,
      uid: numbers.uid,
      gid: numbers.gid,
      size,
      mtime: numbers.mtime,
      mtimeNs: numbers.mtimeNs,
      link: isLink ? firstOf(over.longLink, over.pax.get('linkpath'), header.link) : EMPTY,
      devMajor: isDevice ? header.devMajor : 0,
      devMinor: isDevice ? header.devMinor : 0,
      headerOffset: over.start,
      dataOffset: this.#position,
      ...(xattrs && { xattrs }),
    };
  }
}

interface Numbers {
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly mtimeNs: number;
}

/** The header's numbers under the PAX ones; `undefined` when a PAX one is no number. */
function mergeNumbers(header: TarHeader, pax: PaxRecords): Numbers | undefined {
  const size = overridden(pax, 'size', header.size);
  const uid = overridden(pax, 'uid', header.uid);
  const gid = overridden(pax, 'gid', header.gid);
  if (size === undefined || uid === undefined || gid === undefined) return undefined;
  if (!timeOf(pax, 'atime', 0) || !timeOf(pax, 'ctime', 0)) return undefined;
  const time = timeOf(pax, 'mtime', header.mtime);
  return time && { size, uid, gid, mtime: time.seconds, mtimeNs: time.nanoseconds };
}

function overridden(pax: PaxRecords, key: string, otherwise: number): number | undefined {
  const value = pax.get(key);
  return value?.length ? parsePaxNumber(value) : otherwise;
}

function timeOf(pax: PaxRecords, key: string, otherwise: number) {
  const value = pax.get(key);
  return value?.length ? parsePaxTime(value) : { seconds: otherwise, nanoseconds: 0 };
}

/** Links, devices, directories and fifos may claim a size, yet no payload follows them. */
function hasPayload(flag: string): boolean {
  return flag < '1' || flag > '6';
}

/** GNU's long name wins over PAX, as Go's archive/tar, and so Docker, has it. */
function firstOf(long: Uint8Array, pax: Uint8Array | undefined, header: Uint8Array): Uint8Array {
  if (long.length > 0) return long;
  return pax?.length ? pax : header;
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const nul = bytes.indexOf(0);
  return nul < 0 ? bytes : bytes.subarray(0, nul);
}

function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}
