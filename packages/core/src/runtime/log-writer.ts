import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { writeJson } from '../oci/json.ts';

export type LogStream = 'stdout' | 'stderr';

export interface LogOptions {
  /** A file that would get larger than this makes way for a new one; absent: it grows. */
  readonly maxBytes?: number;
  /** Files that are kept, the one that is written counts; 1 unless given. */
  readonly maxFiles?: number;
  /** The time of what is written, nanoseconds since 1970. */
  readonly now?: () => bigint;
}

/** Longer lines are cut into pieces, of which only the last ends with a newline; as Docker does. */
const MAX_LINE_BYTES = 16 << 10;
const NEWLINE = 0x0a;
const NANOSECONDS = 1_000_000_000n;

/**
 * Writes what a container prints in the format of Docker's `json-file` driver: one JSON object a line, with
 * `log`, `stream` and `time`. Bytes that are not UTF-8 are replaced there. One writer a file; `write` is
 * awaited before the next.
 */
export class JsonFileLog implements AsyncDisposable {
  readonly #path: string;
  readonly #options: LogOptions;
  readonly #now: () => bigint;
  readonly #rest: Record<LogStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #handle: FileHandle | undefined;
  #size = 0;

  constructor(path: string, options: LogOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.#now = options.now ?? systemNanoseconds;
  }

  /** Appends what is complete; the beginning of a line waits for its end. */
  async write(stream: LogStream, chunk: Uint8Array): Promise<void> {
    const bytes = Buffer.concat([this.#rest[stream], chunk]);
    const time = formatNanoseconds(this.#now());
    const lines: Uint8Array[] = [];
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const isWhole = newline >= 0 && newline - start < MAX_LINE_BYTES;
      if (!isWhole && bytes.length - start < MAX_LINE_BYTES) break;
      const end = isWhole ? newline + 1 : start + cutAt(bytes.subarray(start, start + MAX_LINE_BYTES));
      lines.push(entry(bytes.subarray(start, end), stream, time));
      start = end;
    }
    // A copy: the chunk that it is part of is not to be held for it.
    this.#rest[stream] = Buffer.from(bytes.subarray(start));
    if (lines.length > 0) await this.#append(Buffer.concat(lines));
  }

  /** Writes the last line too, though nothing ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const time = formatNanoseconds(this.#now());
    const lines = (['stdout', 'stderr'] as const)
      .filter((stream) => this.#rest[stream].length > 0)
      .map((stream) => entry(this.#rest[stream], stream, time));
    try {
      if (lines.length > 0) await this.#append(Buffer.concat(lines));
    } finally {
      await this.#handle?.close();
      this.#handle = undefined;
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const { maxBytes } = this.#options;
    let handle = this.#handle ?? (await this.#open());
    if (maxBytes !== undefined && this.#size > 0 && this.#size + bytes.length > maxBytes) {
      await this.#rotate(handle);
      handle = await this.#open();
    }
    await handle.appendFile(bytes);
    this.#size += bytes.length;
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.#path, 'a', 0o640);
    this.#handle = handle;
    this.#size = (await handle.stat()).size;
    return handle;
  }

  async #rotate(handle: FileHandle): Promise<void> {
    await handle.close();
    this.#handle = undefined;
    const kept = (this.#options.maxFiles ?? 1) - 1;
    if (kept < 1) return await rm(this.#path, { force: true });
    await rm(rotatedPath(this.#path, kept), { force: true });
    for (let number = kept - 1; number >= 1; number--)
      await renameIfThere(rotatedPath(this.#path, number), rotatedPath(this.#path, number + 1));
    await rename(this.#path, rotatedPath(this.#path, 1));
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

function entry(line: Uint8Array, stream: LogStream, time: string): Uint8Array {
  return Buffer.concat([writeJson({ log: Buffer.from(line).toString('utf8'), stream, time }), LINE_END]);
}

const LINE_END = Buffer.from('\n');
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

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
