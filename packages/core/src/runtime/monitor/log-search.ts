import type { FileHandle } from 'node:fs/promises';
import { parseEntry } from './log-entry.ts';

/** A place in one of several files. */
interface Place {
  readonly index: number;
  readonly at: number;
}

const CHUNK_BYTES = 64 << 10;
/** More than two of the longest entries: wherever it begins, it has a whole one, unless what is there is no log. */
const PROBE_BYTES = 256 << 10;
/** Times stand in their order but for clocks that are set back a little. */
const DISORDER_MS = 60_000;
const NEWLINE = 0x0a;

/** Where to begin to read for what is asked for, at the beginning of a line; found without reading up to there. */
export async function startOf(
  files: readonly FileHandle[],
  { tail, since }: { readonly tail?: number; readonly since?: Date },
): Promise<Place> {
  const byTail = tail === undefined ? { index: 0, at: 0 } : await tailStart(files, tail);
  const byTime = since === undefined ? byTail : await timeStart(files, since.getTime() - DISORDER_MS);
  const isLater = byTime.index > byTail.index || (byTime.index === byTail.index && byTime.at > byTail.at);
  return isLater ? byTime : byTail;
}

async function timeStart(files: readonly FileHandle[], time: number): Promise<Place> {
  for (const [index, file] of files.entries()) {
    const { size } = await file.stat();
    const at = await lineNotAfter(file, size, time);
    const isLast = index === files.length - 1;
    if (isLast || size - at > PROBE_BYTES || (await hasEntryAfter(file, at, size, time)))
      return { index, at };
  }
  return { index: 0, at: 0 };
}

/** The last of the lines that were probed which is older than `time`; all that is before it is, too. */
async function lineNotAfter(file: FileHandle, size: number, time: number): Promise<number> {
  let low = 0;
  for (let high = size; high - low > PROBE_BYTES; ) {
    const middle = Math.floor((low + high) / 2);
    const probe = await entryAfter(file, middle, size);
    // Nothing that is an entry: from the line that is known all can be read.
    if (probe === undefined) return low;
    if (probe.time < time) low = probe.at;
    else high = middle;
  }
  return low;
}

async function hasEntryAfter(file: FileHandle, at: number, size: number, time: number): Promise<boolean> {
  const text = (await bytesAt(file, at, Math.min(PROBE_BYTES, size - at))).toString('utf8');
  return text.split('\n').some((line) => Date.parse(parseEntry(line)?.time ?? '') >= time);
}

/** The first entry that begins behind `at`. */
async function entryAfter(
  file: FileHandle,
  at: number,
  size: number,
): Promise<{ readonly at: number; readonly time: number } | undefined> {
  const bytes = await bytesAt(file, at, Math.min(PROBE_BYTES, size - at));
  for (let newline = bytes.indexOf(NEWLINE); newline >= 0; ) {
    const end = bytes.indexOf(NEWLINE, newline + 1);
    if (end < 0) return undefined;
    const entry = parseEntry(bytes.toString('utf8', newline + 1, end));
    const time = Date.parse(entry?.time ?? '');
    if (!Number.isNaN(time)) return { at: at + newline + 1, time };
    newline = end;
  }
  return undefined;
}

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** Where the last `count` lines begin, looked for from the end. */
async function tailStart(files: readonly FileHandle[], count: number): Promise<Place> {
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
