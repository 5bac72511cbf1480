import { type FileHandle, open } from 'node:fs/promises';
import { isErrno, throwIfCancelled } from '../../errors.ts';
import { type LogEntry, parseEntry } from './log-entry.ts';
import { startOf } from './log-search.ts';
import { rotatedPath } from './log-writer.ts';

export type { LogEntry } from './log-entry.ts';

import { watchIfPossible } from './watch-path.ts';

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
 * Reads a log in the format of Docker's `json-file` driver, the rotated files first: what was there together comes
 * together, never nothing. A tail or a time is looked for, not read up to, whatever the size of the file; memory
 * stays bounded. Lines that are no entries, such as the last one after a loss of power, are passed over. No file:
 * nothing was printed. `opened` are the files of that path, if they are open already. Throws `CANCELLED`.
 */
export async function* readLog(
  path: string,
  options: ReadLogOptions = {},
  opened: Promise<FileHandle[]> = openLog(path),
): AsyncGenerator<readonly LogEntry[]> {
  const files = await opened;
  const current = files.at(-1);
  let position = 0;
  try {
    const start = await startOf(files, options);
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

/** The rotated files, oldest first, then the one that is written. Whoever reads them closes them. */
export async function openLog(path: string): Promise<FileHandle[]> {
  const files: FileHandle[] = [];
  for (let number = 0; ; number++) {
    const file = await openIfThere(number === 0 ? path : rotatedPath(path, number));
    if (file === undefined && number > 0) return files;
    if (file !== undefined) files.unshift(file);
  }
}

async function* selected(
  batches: AsyncIterable<readonly LogEntry[]>,
  { since, until, signal }: ReadLogOptions,
): AsyncGenerator<readonly LogEntry[]> {
  for await (const batch of batches) {
    throwIfCancelled(signal);
    const end = until ? batch.findIndex(({ time }) => Date.parse(time) > until.getTime()) : -1;
    const before = end < 0 ? batch : batch.slice(0, end);
    const chosen = since ? before.filter(({ time }) => Date.parse(time) >= since.getTime()) : before;
    if (chosen.length > 0) yield chosen;
    if (end >= 0) return;
  }
}

/** The entries from `cursor.at` on; afterwards that is behind the last whole line. */
async function* readEntries(file: FileHandle, cursor: { at: number }): AsyncGenerator<readonly LogEntry[]> {
  let rest = Buffer.alloc(0);
  for (let at = cursor.at; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const entries: LogEntry[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const entry = parseEntry(bytes.toString('utf8', start, end));
      start = end + 1;
      if (entry) entries.push(entry);
    }
    cursor.at += start;
    if (entries.length > 0) yield entries;
    rest = bytes.subarray(start);
    if (rest.length <= MAX_ENTRY_BYTES) continue;
    cursor.at += rest.length;
    rest = Buffer.alloc(0);
  }
}

/** What comes after `position` of the file that is written, and of those that take its place. */
async function* follow(
  path: string,
  first: FileHandle | undefined,
  position: number,
  options: ReadLogOptions,
): AsyncGenerator<readonly LogEntry[]> {
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
    const watcher = watchIfPossible(path, done);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      watcher?.close();
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
