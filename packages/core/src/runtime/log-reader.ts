import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isErrno, throwIfCancelled } from '../errors.ts';
import { type LogStream, rotatedPath } from './log-writer.ts';

/** One line that a container printed, or a piece of a long one. */
export interface LogEntry {
  readonly stream: LogStream;
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  /** With the newline, if it has one. */
  readonly text: string;
}

export interface ReadLogOptions {
  /** This many of the last entries; absent: all. */
  readonly tail?: number;
  readonly since?: Date;
  readonly until?: Date;
  /** Goes on until `isOver` says that nothing will come any more. */
  readonly follow?: { readonly isOver: () => Promise<boolean> };
  readonly signal?: AbortSignal;
}

const CHUNK_BYTES = 64 << 10;
/** Far above what an entry of a writer's longest piece takes; what is longer is no entry. */
const MAX_ENTRY_BYTES = 1 << 20;
const NEWLINE = 0x0a;
const FOLLOW_POLL_MS = 250;

/**
 * Reads a log in the format of Docker's `json-file` driver, the rotated files first. A tail is looked for from
 * the end, whatever the size of the file; memory stays bounded. Lines that are no entries, such as the last
 * one after a loss of power, are passed over. No file: nothing was printed. Throws `CANCELLED`.
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncGenerator<LogEntry> {
  const files = await openAll(path);
  const current = files.at(-1);
  let position = 0;
  try {
    const start = options.tail === undefined ? { index: 0, at: 0 } : await tailStart(files, options.tail);
    for (const [index, file] of files.entries()) {
      if (index < start.index) continue;
      const cursor = { at: index === start.index ? start.at : 0 };
      yield* selected(readEntries(file, cursor), options);
      position = cursor.at;
    }
    if (options.follow) yield* selected(follow(path, current, position, options), options);
  } finally {
    for (const file of files) await file.close();
  }
}

/** The rotated files, oldest first, then the one that is written. */
async function openAll(path: string): Promise<FileHandle[]> {
  const files: FileHandle[] = [];
  for (let number = 0; ; number++) {
    const file = await openIfThere(number === 0 ? path : rotatedPath(path, number));
    if (file === undefined && number > 0) return files;
    if (file !== undefined) files.unshift(file);
  }
}

async function* selected(
  entries: AsyncIterable<LogEntry>,
  options: ReadLogOptions,
): AsyncGenerator<LogEntry> {
  const since = options.since?.getTime() ?? Number.NEGATIVE_INFINITY;
  const until = options.until?.getTime() ?? Number.POSITIVE_INFINITY;
  for await (const entry of entries) {
    throwIfCancelled(options.signal);
    const time = Date.parse(entry.time);
    if (time > until) return;
    if (time >= since) yield entry;
  }
}

/** The entries from `cursor.at` on; afterwards that is behind the last whole line. */
async function* readEntries(file: FileHandle, cursor: { at: number }): AsyncGenerator<LogEntry> {
  let rest = Buffer.alloc(0);
  for (let at = cursor.at; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const entry = parseEntry(bytes.toString('utf8', start, end));
      cursor.at += end + 1 - start;
      start = end + 1;
      if (entry) yield entry;
    }
    rest = bytes.subarray(start);
    if (rest.length <= MAX_ENTRY_BYTES) continue;
    cursor.at += rest.length;
    rest = Buffer.alloc(0);
  }
}

/** Where the last `count` lines begin, looked for from the end. */
async function tailStart(
  files: readonly FileHandle[],
  count: number,
): Promise<{ index: number; at: number }> {
  let left = count;
  for (const [index, file] of [...files.entries()].reverse()) {
    const found = await lineFromEnd(file, left);
    if (found.isEnough) return { index, at: found.at };
    left -= found.lines;
  }
  return { index: 0, at: 0 };
}

async function lineFromEnd(
  file: FileHandle,
  count: number,
): Promise<{ isEnough: true; at: number } | { isEnough: false; lines: number }> {
  const { size } = await file.stat();
  if (count <= 0) return { isEnough: true, at: size };
  let lines = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const chunk = Buffer.allocUnsafe(end - start);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, start);
    for (let at = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE); at >= 0; ) {
      // The newline that ends the wanted line's predecessor.
      if (lines === count) return { isEnough: true, at: start + at + 1 };
      lines++;
      at = at === 0 ? -1 : chunk.lastIndexOf(NEWLINE, at - 1);
    }
    end = start;
  }
  return lines >= count ? { isEnough: true, at: 0 } : { isEnough: false, lines };
}

/** What comes after `position` of the file that is written, and of those that take its place. */
async function* follow(
  path: string,
  first: FileHandle | undefined,
  position: number,
  options: ReadLogOptions,
): AsyncGenerator<LogEntry> {
  let file = first;
  const cursor = { at: position };
  try {
    for (;;) {
      throwIfCancelled(options.signal);
      // Asked before the file is read: what was written before the end is then seen.
      const isOver = (await options.follow?.isOver()) ?? true;
      const next = await successor(path, file);
      if (file) yield* readEntries(file, cursor);
      if (next) {
        if (file && file !== first) await file.close();
        file = next;
        cursor.at = 0;
        yield* readEntries(file, cursor);
      } else if (isOver) return;
      else await change(path, options.signal);
    }
  } finally {
    if (file && file !== first) await file.close();
  }
}

/** The file that has taken the place of `file`, if another one has. */
async function successor(path: string, file: FileHandle | undefined): Promise<FileHandle | undefined> {
  const next = await openIfThere(path);
  if (next === undefined || file === undefined) return next;
  const [a, b] = [await file.stat({ bigint: true }), await next.stat({ bigint: true })];
  if (a.ino !== b.ino || a.dev !== b.dev) return next;
  await next.close();
  return undefined;
}

async function change(path: string, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, FOLLOW_POLL_MS);
    const watcher = watchIfThere(path, done);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      watcher?.close();
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}

function watchIfThere(path: string, onChange: () => void) {
  try {
    return watch(path, onChange);
  } catch (error) {
    // Not written yet, or the system's watches are used up: the timer looks.
    if (isErrno(error, 'ENOENT', 'EMFILE', 'ENOSPC')) return undefined;
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseEntry(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { log, stream, time } = value as Record<string, unknown>;
    if (typeof log !== 'string' || typeof time !== 'string') return undefined;
    return { text: log, stream: stream === 'stderr' ? 'stderr' : 'stdout', time };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
