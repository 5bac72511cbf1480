import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { fromReadable } from '../../bytes/node.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { layoutDirectory } from './layout-directory.ts';

/** A buffer lives until the garbage collector comes by: with 1 MiB each they were 50 MB of the process. */
const READ_BYTES = 128 * 1024;

/** Reads an image archive, or a layout directory as one. Throws `FILE_NOT_FOUND`, `INVALID_ARCHIVE`. */
export async function openArchive(path: string): Promise<ByteSource> {
  try {
    if ((await stat(path)).isDirectory()) return layoutDirectory(path);
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'ENOTDIR')) throw cause;
    throw new WherryError('FILE_NOT_FOUND', `open ${path}: no such file or directory`, { cause });
  }
  return fromReadable(createReadStream(path, { highWaterMark: READ_BYTES }));
}
