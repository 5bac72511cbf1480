import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ByteSource } from '../../../bytes/byte-source.ts';
import { isErrno, throwIfCancelled, WherryError } from '../../../errors.ts';
import { temporaryName } from '../../../rootfs/write-file.ts';
import type { BuildSink } from '../../build-request.ts';

/**
 * Writes an output's bytes into a file, which appears, or is replaced, when all of them are there; or hands them to
 * a sink. Throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` for a directory, `PERMISSION_DENIED`, `NO_SPACE`, `CANCELLED`.
 */
export async function writeOutput(
  to: string | BuildSink,
  source: ByteSource,
  signal: AbortSignal,
): Promise<void> {
  if (typeof to !== 'string')
    return drain(source, signal, async (chunk) => {
      await to(chunk);
    });
  try {
    await writeFile(to, source, signal);
  } catch (error) {
    throw toOutputError(error, `write ${to}`);
  }
}

/** Gives what a file system refuses a code: `NO_SPACE`, `PERMISSION_DENIED`. Everything else comes back as it is. */
export function toOutputError(error: unknown, action: string): unknown {
  if (isErrno(error, 'ENOSPC', 'EDQUOT'))
    return new WherryError('NO_SPACE', `${action}: no space left on device`, { cause: error });
  if (isErrno(error, 'EROFS'))
    return new WherryError('PERMISSION_DENIED', `${action}: read-only file system`, { cause: error });
  if (isErrno(error, 'EACCES', 'EPERM'))
    return new WherryError('PERMISSION_DENIED', `${action}: permission denied`, { cause: error });
  return error;
}

async function writeFile(to: string, source: ByteSource, signal: AbortSignal): Promise<void> {
  const { path, isSpecial } = await placeOf(to);
  // Whoever reads a pipe waits for it under its own name, and a terminal or `/dev/null` is not to be replaced.
  const temporary = isSpecial ? undefined : join(dirname(path), temporaryName());
  const handle = await openFor(temporary ?? path, temporary === undefined ? 'w' : 'wx', to);
  try {
    await drain(source, signal, (chunk) => writeAll(handle, chunk));
    await handle.close();
    if (temporary !== undefined) await rename(temporary, path);
  } catch (error) {
    await handle.close();
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw error;
  }
}

/** Where a path leads, links followed, and whether something else than a file is there. */
async function placeOf(to: string): Promise<{ readonly path: string; readonly isSpecial: boolean }> {
  try {
    const path = await realpath(to);
    const found = await stat(path);
    if (found.isDirectory()) throw new WherryError('INVALID_ARGUMENT', `destination ${to} is a directory`);
    return { path, isSpecial: !found.isFile() };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { path: to, isSpecial: false };
    throw error;
  }
}

async function openFor(path: string, flags: string, shown: string): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'ENOTDIR')) throw cause;
    throw new WherryError('FILE_NOT_FOUND', `open ${shown}: no such file or directory`, { cause });
  }
}

async function drain(
  source: ByteSource,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  for await (const chunk of source) {
    throwIfCancelled(signal);
    await take(chunk);
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten;
}
