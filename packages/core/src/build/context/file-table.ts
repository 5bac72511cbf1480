import type { Stats } from 'node:fs';
import type { Digest } from '../../digest.ts';

/**
 * A record: what `lstat` says of a file, a hash of its path and the digest of its content, in the machine's byte
 * order. In words of 8 bytes: inode, device, mtime and ctime in milliseconds, size, mode and path hash, 4 of digest.
 * The first five are floating: exact to a quarter of a microsecond, which no two changes of a file lie as close as, and
 * had in half the time that whole nanoseconds take.
 */
export const RECORD_BYTES = 80;
const WORDS = RECORD_BYTES / 8;
const HALVES = RECORD_BYTES / 4;
const INODE = 0;
const DEVICE = 1;
const MTIME = 2;
const CTIME = 3;
const SIZE = 4;
const MODE_HALF = 10;
const PATH_HALF = 11;
/** What two records of the same state of a file have in common. */
const STATE_HALVES = 12;
const DIGEST_BYTE = 48;
const FIRST_CAPACITY = 1024;
/** How many records are looked for one by one before a map is made of all. */
const MAX_SCANS = 16;

/** The state of many files, and their digests as far as they are known: 81 bytes a file, in the order of adding. */
export class FileTable {
  /** Digests were found that nobody knew. */
  hasNews = false;
  #capacity = 0;
  #words = new Float64Array(0);
  #halves = new Uint32Array(0);
  #bytes = Buffer.alloc(0);
  #isKnown = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes a file in; the result is its place. */
  add(stats: Stats, pathHash: number): number {
    const place = this.#length++;
    if (place === this.#capacity) this.#grow();
    const word = place * WORDS;
    this.#words[word + INODE] = stats.ino;
    this.#words[word + DEVICE] = stats.dev;
    this.#words[word + MTIME] = stats.mtimeMs;
    this.#words[word + CTIME] = stats.ctimeMs;
    this.#words[word + SIZE] = stats.size;
    this.#halves[place * HALVES + MODE_HALF] = stats.mode;
    this.#halves[place * HALVES + PATH_HALF] = pathHash;
    return place;
  }

  /** Whether `stats` are those of the file as it was taken in: what it is and when its content was last changed. */
  isUnchanged(place: number, stats: Stats): boolean {
    const word = place * WORDS;
    return (
      this.#words[word + INODE] === stats.ino &&
      this.#words[word + DEVICE] === stats.dev &&
      this.#words[word + MTIME] === stats.mtimeMs &&
      this.#words[word + SIZE] === stats.size &&
      this.#halves[place * HALVES + MODE_HALF] === stats.mode
    );
  }

  /** The later of the times at which content and state were last changed, in milliseconds. */
  lastChange(place: number): number {
    return Math.max(this.#words[place * WORDS + MTIME] ?? 0, this.#words[place * WORDS + CTIME] ?? 0);
  }

  isKnown(place: number): boolean {
    return this.#isKnown[place] === 1;
  }

  digest(place: number): Digest | undefined {
    if (!this.isKnown(place)) return undefined;
    const at = place * RECORD_BYTES;
    return `sha256:${this.#bytes.toString('hex', at + DIGEST_BYTE, at + RECORD_BYTES)}` as Digest;
  }

  setDigest(place: number, hex: string): void {
    this.hasNews ||= this.digest(place) !== `sha256:${hex}`;
    this.#bytes.write(hex, place * RECORD_BYTES + DIGEST_BYTE, 'hex');
    this.#isKnown[place] = 1;
  }

  /** The records of places from `start` to before `end`; valid until the next file is added. */
  records(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start * RECORD_BYTES, end * RECORD_BYTES);
  }

  /**
   * Takes over the digests of files that are as they were when `records` were made. Both are in the order of a walk,
   * so that mostly one step in each leads on; what is elsewhere, or nowhere as it was never read, is looked for.
   */
  adoptDigests(records: Uint8Array): void {
    const own = this.#halves;
    const kept = new Uint32Array(records.buffer, records.byteOffset, records.byteLength / 4);
    const find = recordFinder(kept);
    let next = 0;
    for (let place = 0; place < this.#length; place++) {
      const at = place * HALVES;
      if (!isSameState(own, at, kept, next)) {
        const found = find(own[at + PATH_HALF] ?? 0, next);
        if (found === undefined) continue;
        next = found;
        if (!isSameState(own, at, kept, found)) {
          next += HALVES;
          continue;
        }
      }
      for (let i = STATE_HALVES; i < HALVES; i++) own[at + i] = kept[next + i] ?? 0;
      this.#isKnown[place] = 1;
      next += HALVES;
    }
  }

  #grow(): void {
    this.#capacity = Math.max(FIRST_CAPACITY, this.#capacity * 2);
    const buffer = new ArrayBuffer(this.#capacity * RECORD_BYTES);
    const bytes = Buffer.from(buffer);
    bytes.set(this.#bytes);
    const isKnown = new Uint8Array(this.#capacity);
    isKnown.set(this.#isKnown);
    this.#bytes = bytes;
    this.#words = new Float64Array(buffer);
    this.#halves = new Uint32Array(buffer);
    this.#isKnown = isKnown;
  }
}

function isSameState(a: Uint32Array, aStart: number, b: Uint32Array, bStart: number): boolean {
  for (let i = 0; i < STATE_HALVES; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** Finds where the record of a path hash starts; it is likely to be at `near`, or soon after. */
function recordFinder(records: Uint32Array): (pathHash: number, near: number) => number | undefined {
  let byPath: Map<number, number> | undefined;
  let scans = 0;
  return (pathHash, near) => {
    if (records[near + PATH_HALF] === pathHash) return near;
    // Most builds ask for a file or two, the Dockerfile among them: a map of all would take longer, and memory.
    if (scans++ < MAX_SCANS) return scan(records, pathHash, near) ?? scan(records, pathHash, 0);
    byPath ??= recordsByPath(records);
    return byPath.get(pathHash);
  };
}

function scan(records: Uint32Array, pathHash: number, from: number): number | undefined {
  for (let start = from; start < records.length; start += HALVES)
    if (records[start + PATH_HALF] === pathHash) return start;
  return undefined;
}

/** Path hashes to where their records start. */
function recordsByPath(records: Uint32Array): Map<number, number> {
  const starts = new Map<number, number>();
  for (let start = 0; start < records.length; start += HALVES)
    starts.set(records[start + PATH_HALF] ?? 0, start);
  return starts;
}

export const EMPTY_PATH_HASH = 0x811c9dc5;

/** The hash of a path of which `hash` is that of its directory: FNV-1a, 32 bit. */
export function extendPathHash(hash: number, name: string): number {
  let extended = Math.imul(hash ^ 0x2f, 0x01000193);
  for (let i = 0; i < name.length; i++) extended = Math.imul(extended ^ name.charCodeAt(i), 0x01000193);
  return extended >>> 0;
}
