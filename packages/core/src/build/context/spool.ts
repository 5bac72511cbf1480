import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { decompressAuto } from '../../compression/decompress.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import { throwIfCancelled, WherryError } from '../../errors.ts';
import type { TarEntry } from '../../tar/scanner.ts';
import { TsTarScanner } from '../../tar/ts-tar-scanner.ts';

/** More files than any context has; each takes some hundred bytes of memory. */
const MAX_ENTRIES = 4_000_000;
/** Linux takes no longer paths; they bound the depth of the tree too. */
const MAX_NAME_BYTES = 4095;
const ACTION = 'keep the build context';

/** A tar in a scratch file of its own, unpacked. Closing it removes the file. */
export interface SpooledTar extends AsyncDisposable {
  readonly entries: readonly TarEntry[];
  readonly file: FileHandle;
}

/**
 * Writes a tar, packed in whatever way, to a scratch file, and reads its headers on the way. Throws `INVALID_TAR`,
 * `TRUNCATED`, `CORRUPT`, `TOO_LARGE`, `NO_SPACE`, `CANCELLED`; no file is left behind then.
 */
export async function spoolTar(
  source: ByteSource,
  scratchDirectory: string,
  signal?: AbortSignal,
): Promise<SpooledTar> {
  const path = join(scratchDirectory, `context-${randomUUID()}.tar`);
  const file = await withStorageErrors(ACTION, async () => {
    await mkdir(scratchDirectory, { recursive: true });
    return open(path, 'wx+', 0o600);
  });
  const close = async () => {
    await file.close();
    await rm(path, { force: true });
  };
  try {
    const entries = await writeAndScan(source, file, signal);
    return { entries, file, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function writeAndScan(
  source: ByteSource,
  file: FileHandle,
  signal: AbortSignal | undefined,
): Promise<TarEntry[]> {
  const scanner = new TsTarScanner();
  const entries: TarEntry[] = [];
  for await (const chunk of decompressAuto(source)) {
    throwIfCancelled(signal);
    for (const entry of scanner.push(chunk)) addEntry(entries, entry);
    await withStorageErrors(ACTION, () => writeFully(file, chunk));
  }
  scanner.finish();
  return entries;
}

function addEntry(entries: TarEntry[], entry: TarEntry): void {
  if (entry.name.length > MAX_NAME_BYTES)
    throw new WherryError('INVALID_TAR', 'a name in the build context is too long', {
      details: { offset: entry.headerOffset, bytes: entry.name.length },
    });
  if (entries.length === MAX_ENTRIES)
    throw new WherryError('TOO_LARGE', `the build context has more than ${MAX_ENTRIES} files`);
  entries.push(entry);
}

async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}
