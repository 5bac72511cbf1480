import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { createNodeHasher } from '../../bytes/node-hasher.ts';
import { digestHex } from '../../digest.ts';
import { isErrno, throwIfCancelled, WherryError } from '../../errors.ts';
import type { HadContent, SourceContent } from '../source-tree.ts';
import type { DiskNode } from './disk-node.ts';
import { shownPath, toDiskPath } from './disk-path.ts';
import type { FileTable } from './file-table.ts';

/** Up to here a file is read in one go, on this thread: asynchronous calls cost several times the work. */
const SMALL_BYTES = 256 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Small files share memory: who keeps one keeps the rest too. Larger pieces come fresh from the system, for twice the time. */
const SLAB_BYTES = 64 * 1024;
/** After so many bytes, or files of one block, other work gets a turn: some milliseconds. */
const BYTES_A_TURN = 4 * 1024 * 1024;
const BYTES_A_FILE = 16 * 1024;

// A file that was swapped for a link is not followed, one for a pipe not waited for. Windows has neither flag.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads files, all of `table`, in the order of their paths, which it puts them in, and notes their digests there. What
 * `had` has of the small ones with known digests is not read again: it is what the walk saw. Throws `CONFLICT` for one
 * that is not the one that the walk saw, or was changed since, `PERMISSION_DENIED`, `CANCELLED`.
 */
export async function* readFiles(
  files: DiskNode[],
  table: FileTable,
  signal?: AbortSignal,
  had?: HadContent,
): AsyncGenerator<SourceContent, void, undefined> {
  files.sort((a, b) => a.place - b.place);
  const slab = new Slab();
  let sinceTurn = 0;
  let last: DiskNode | undefined;
  for (const node of files) {
    if (node === last) continue;
    last = node;
    throwIfCancelled(signal);
    const body =
      node.size > SMALL_BYTES
        ? readLarge(node, table, signal)
        : (hadContent(node, table, had) ?? readSmall(node, table, slab));
    yield { node, body };
    sinceTurn += node.size + BYTES_A_FILE;
    if (sinceTurn < BYTES_A_TURN) continue;
    sinceTurn = 0;
    await setImmediate();
  }
}

function hadContent(node: DiskNode, table: FileTable, had: HadContent | undefined): Uint8Array | undefined {
  const digest = had && table.digest(node.place);
  return digest && had(node, digest);
}

/** Memory in large pieces, handed out in small ones that are never used again. */
class Slab {
  #rest: Buffer = Buffer.alloc(0);

  take(size: number): Buffer {
    if (size > SLAB_BYTES / 2) return Buffer.allocUnsafeSlow(size);
    if (size > this.#rest.length) this.#rest = Buffer.allocUnsafeSlow(SLAB_BYTES);
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }
}

function readSmall(node: DiskNode, table: FileTable, slab: Slab): Uint8Array {
  const path = node.path;
  // One more byte tells a file that grew.
  const buffer = slab.take(node.size + 1);
  let length = 0;
  let stats: Stats;
  try {
    const descriptor = openSync(toDiskPath(path), OPEN_FLAGS);
    try {
      length = readFully(descriptor, buffer);
      // Afterwards: one look tells a change before the reading and one meanwhile.
      stats = fstatSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw refusal(error, path);
  }
  if (length !== node.size || !table.isUnchanged(node.place, stats)) throw changed(path);
  const content = buffer.subarray(0, length);
  table.setDigest(node.place, hash('sha256', content));
  return content;
}

function readFully(descriptor: number, buffer: Buffer): number {
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}

async function* readLarge(node: DiskNode, table: FileTable, signal?: AbortSignal): ByteSource {
  const path = node.path;
  const hasher = createNodeHasher();
  const handle = await openFile(path);
  try {
    if (!table.isUnchanged(node.place, await handle.stat())) throw changed(path);
    for (let at = 0; at < node.size; ) {
      throwIfCancelled(signal);
      const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, node.size - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw changed(path);
      const chunk = buffer.subarray(0, bytesRead);
      hasher.update(chunk);
      at += bytesRead;
      // Before the last chunk goes out: who has all of them may take the file for good.
      if (at === node.size && !table.isUnchanged(node.place, await handle.stat())) throw changed(path);
      if (at === node.size) table.setDigest(node.place, digestHex(hasher.digest()));
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(toDiskPath(path), OPEN_FLAGS);
  } catch (error) {
    throw refusal(error, path);
  }
}

function changed(path: string, cause?: unknown): WherryError {
  return new WherryError('CONFLICT', `${shownPath(path)} changed while the build context was read`, {
    hint: 'run the build again when nothing writes to the build context',
    details: { path: shownPath(path) },
    ...(cause !== undefined && { cause }),
  });
}

function refusal(error: unknown, path: string): unknown {
  if (isErrno(error, 'EACCES', 'EPERM'))
    return new WherryError('PERMISSION_DENIED', `open ${shownPath(path)}: permission denied`, {
      hint: 'make it readable, or name it in the .dockerignore',
      cause: error,
    });
  // Gone, or a link, a directory, a socket or a pipe in its place.
  if (isErrno(error, 'ENOENT', 'ELOOP', 'ENOTDIR', 'EISDIR', 'ENXIO', 'EAGAIN')) return changed(path, error);
  return error;
}
