import { closeSync, fstatSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { isErrno } from '../../errors.ts';
import { jsonText } from '../../oci/json.ts';

export type LogStream = 'stdout' | 'stderr';

export interface LogOptions {
  /** A file that would get larger than this makes way for a new one; absent: it grows. */
  readonly maxBytes?: number;
  /** Files that are kept, the one that is written counts; 1 unless given. */
  readonly maxFiles?: number;
  /** The time of what is written, nanoseconds since 1970. */
  readonly now?: () => bigint;
}

/** Of the file that is written. */
export const LOG_MODE = 0o640;
/** Longer lines are cut into pieces, of which only the last ends with a newline; as Docker does. */
const MAX_LINE_BYTES = 16 << 10;
/** In UTF-8, of one unit of a JavaScript string. */
const MAX_CHARACTER_BYTES = 3;
/** Room for the longest entry, in which each byte of a line may be six characters, and for many short ones. */
const BUFFER_BYTES = 7 * MAX_CHARACTER_BYTES * MAX_LINE_BYTES;
const NEWLINE = 0x0a;
const NANOSECONDS = 1_000_000_000n;

/**
 * Writes what a container prints in the format of Docker's `json-file` driver: one JSON object a line, with
 * `log`, `stream` and `time`. Bytes that are not UTF-8 are replaced there. One writer a file. It
 * writes synchronously: a line is a hundred bytes, and promises for each of them take more memory and time.
 */
export class JsonFileLog implements Disposable {
  readonly #path: string;
  readonly #options: LogOptions;
  readonly #now: () => bigint;
  readonly #rest: Record<LogStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #filled = 0;
  #fd: number | undefined;
  #size = 0;

  constructor(path: string, options: LogOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.#now = options.now ?? systemNanoseconds;
  }

  /** Appends what is complete; the beginning of a line waits for its end. */
  write(stream: LogStream, chunk: Uint8Array): void {
    const rest = this.#rest[stream];
    const bytes = rest.length === 0 ? bufferOf(chunk) : Buffer.concat([rest, chunk]);
    const time = formatNanoseconds(this.#now());
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const isWhole = newline >= 0 && newline - start < MAX_LINE_BYTES;
      if (!isWhole && bytes.length - start < MAX_LINE_BYTES) break;
      const end = isWhole ? newline + 1 : start + cutAt(bytes.subarray(start, start + MAX_LINE_BYTES));
      this.#add(entry(bytes.toString('utf8', start, end), stream, time));
      start = end;
    }
    // A copy: the chunk that it is part of is not to be held for it.
    this.#rest[stream] = Buffer.from(bytes.subarray(start));
    this.#flush();
  }

  /** Writes the last line too, though nothing ends it. */
  [Symbol.dispose](): void {
    const time = formatNanoseconds(this.#now());
    try {
      for (const stream of ['stdout', 'stderr'] as const)
        if (this.#rest[stream].length > 0)
          this.#add(entry(this.#rest[stream].toString('utf8'), stream, time));
      this.#flush();
    } finally {
      this.#close();
    }
  }

  /** One buffer for all: a text for each line, or for all lines of a chunk, is garbage by the megabyte. */
  #add(entry: string): void {
    if (entry.length * MAX_CHARACTER_BYTES > this.#buffer.length - this.#filled) this.#flush();
    this.#filled += this.#buffer.write(entry, this.#filled);
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const bytes = this.#buffer.subarray(0, this.#filled);
    // What cannot be written is lost, or it would come twice.
    this.#filled = 0;
    const { maxBytes } = this.#options;
    let fd = this.#fd ?? this.#open();
    if (maxBytes !== undefined && this.#size > 0 && this.#size + bytes.length > maxBytes) {
      this.#close();
      this.#rotate();
      fd = this.#open();
    }
    this.#write(fd, bytes);
    this.#size += bytes.length;
  }

  #write(fd: number, bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } catch (error) {
      // On a full disk: without its half the next line is readable once there is room again.
      ftruncateSync(fd, this.#size);
      throw error;
    }
  }

  #open(): number {
    this.#fd = openSync(this.#path, 'a', LOG_MODE);
    this.#size = fstatSync(this.#fd).size;
    return this.#fd;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #rotate(): void {
    const kept = (this.#options.maxFiles ?? 1) - 1;
    if (kept < 1) {
      rmSync(this.#path, { force: true });
      return;
    }
    rmSync(rotatedPath(this.#path, kept), { force: true });
    for (let number = kept - 1; number >= 1; number--)
      renameIfThere(rotatedPath(this.#path, number), rotatedPath(this.#path, number + 1));
    renameSync(this.#path, rotatedPath(this.#path, 1));
  }
}

/** The name of an older file; 1 is the youngest of them. */
export function rotatedPath(path: string, number: number): string {
  return `${path}.${number}`;
}

/** RFC 3339 as Go prints it: nine digits at most, no zeros at the end. */
export function formatNanoseconds(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / NANOSECONDS) * 1000).toISOString().slice(0, 19);
  const fraction = String(nanoseconds % NANOSECONDS)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** The system's clock; `performance` has the microseconds that `Date` leaves out. */
function systemNanoseconds(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}

function entry(log: string, stream: LogStream, time: string): string {
  return `${jsonText({ log, stream, time })}\n`;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const CONTINUATION = 0x80;
const LONGEST_CHARACTER = 4;

/** Before the last character, when the piece ends within one. */
function cutAt(piece: Uint8Array): number {
  for (let back = 1; back <= LONGEST_CHARACTER; back++) {
    const byte = piece[piece.length - back] ?? 0;
    if (byte < CONTINUATION) return piece.length;
    const isLead = byte >= 0xc0;
    if (isLead) return back < characterBytes(byte) ? piece.length - back : piece.length;
  }
  return piece.length;
}

function characterBytes(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}
