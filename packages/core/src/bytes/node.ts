import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { WherryError } from '../errors.ts';
import type { ByteRange } from './byte-range.ts';
import type { ByteSource } from './byte-source.ts';

/** Measured: larger chunks gain nothing, the 64 KiB of Node's streams double the CPU time. */
const FILE_CHUNK_BYTES = 1 << 20;

/** Turns a byte stream of Node's into a source; the stream is destroyed when the source is closed. */
export async function* fromReadable(stream: Readable): ByteSource {
  // Leaving the loop in any way destroys the stream.
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** Turns a source into a stream of Node's; the source is closed when the stream is destroyed. */
export function toReadable(source: ByteSource): Readable {
  return Readable.from(source, { objectMode: false });
}

/**
 * Reads a part of a file, every chunk in memory of its own; without an end, up to the size it has when the
 * reading begins. A path is opened at the first read and closed
 * at the end; a handle stays the caller's, and its position is not used. Throws `TRUNCATED` when the file
 * ends before `range.end`.
 */
export async function* readFileRange(
  file: string | FileHandle,
  range: ByteRange = { start: 0 },
  chunkBytes: number = FILE_CHUNK_BYTES,
): ByteSource {
  const handle = typeof file === 'string' ? await open(file, 'r') : file;
  try {
    const end = range.end ?? (await handle.stat()).size;
    for (let at = range.start; at < end; ) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw truncated(file, at, end);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    if (typeof file === 'string') await handle.close();
  }
}

function truncated(file: string | FileHandle, size: number, want: number): WherryError {
  const name = typeof file === 'string' ? file : 'file';
  return new WherryError('TRUNCATED', `${name}: ends at byte ${size}, want ${want}`, {
    details: { size, want },
  });
}
