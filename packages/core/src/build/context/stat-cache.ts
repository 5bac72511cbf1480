import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { endianness } from 'node:os';
import { dirname, join } from 'node:path';
import { isErrno } from '../../errors.ts';
import { replaceFile } from '../../rootfs/replace-file.ts';
import { type FileTable, RECORD_BYTES } from './file-table.ts';

/**
 * The file: MAGIC, byte order, records of `FileTable` in the order of a walk, and the SHA-256 of all before it. What
 * is not exactly that is taken for no file. It is of one machine, and lost without harm.
 */
const MAGIC = Buffer.from(`whctx\x02${endianness()}`, 'latin1');
const DIGEST_BYTES = 32;

/** A file that changed so shortly before the walk may change again without another time to show for it. */
const RACY_MS = 2000;

/** Where the digests of a build context's files are kept, by the path of the context. */
export function statCachePath(cacheDirectory: string, root: string): string {
  return join(cacheDirectory, hash('sha256', root).slice(0, 40));
}

/** Gives the files of `table` that have not changed since the digests that were kept for them. */
export function loadDigests(path: string, table: FileTable): void {
  const records = readRecords(path);
  if (records !== undefined) table.adoptDigests(records);
}

function readRecords(path: string): Uint8Array | undefined {
  let bytes: Buffer;
  try {
    // Takes half the time of an asynchronous one, which reads piece by piece.
    bytes = readFileSync(path);
  } catch (error) {
    if (isErrno(error, ...NO_CACHE)) return undefined;
    throw error;
  }
  const end = bytes.length - DIGEST_BYTES;
  const length = end - MAGIC.length;
  if (length < 0 || length % RECORD_BYTES !== 0 || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return undefined;
  if (!bytes.subarray(end).equals(hash('sha256', bytes.subarray(0, end), 'buffer'))) return undefined;
  // In memory of their own: records are looked at in words, which must be aligned.
  return new Uint8Array(bytes.subarray(MAGIC.length, end));
}

/**
 * Keeps the digests that are known, but of files that changed shortly before the walk, which began at `walkedAt`,
 * milliseconds since the epoch. Readers see the old file or the new one; of several writers the last one wins.
 * `false`: it could not be written.
 */
export async function saveDigests(path: string, table: FileTable, walkedAt: number): Promise<boolean> {
  const bytes = Buffer.allocUnsafe(MAGIC.length + table.length * RECORD_BYTES + DIGEST_BYTES);
  let length = MAGIC.copy(bytes);
  for (let place = 0; place < table.length; place++) {
    const start = place;
    while (place < table.length && isKept(table, place, walkedAt)) place++;
    bytes.set(table.records(start, place), length);
    length += (place - start) * RECORD_BYTES;
  }
  bytes.set(hash('sha256', bytes.subarray(0, length), 'buffer'), length);
  try {
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, bytes.subarray(0, length + DIGEST_BYTES));
    return true;
  } catch (error) {
    if (isErrno(error, ...NO_CACHE)) return false;
    throw error;
  }
}

function isKept(table: FileTable, place: number, walkedAt: number): boolean {
  return table.isKnown(place) && table.lastChange(place) < walkedAt - RACY_MS;
}

/** A file system that has no cache for us, or no room for one. */
const NO_CACHE = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EEXIST'];
