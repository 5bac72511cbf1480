import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { fromReadable } from '../../bytes/node.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { BLOBS_FOLDER, INDEX_FILE, LAYOUT_FILE } from '../../oci/layout.ts';
import { type TarItem, writeTar } from '../../tar/writer.ts';

const READ_BYTES = 1 << 20;

/** Reads an OCI layout in a directory as the archive it would be. Throws `INVALID_ARGUMENT` when it is none. */
export async function layoutDirectory(directory: string): Promise<ByteSource> {
  const names = await readdir(directory);
  if (!names.includes(INDEX_FILE))
    throw new WherryError('INVALID_ARGUMENT', `read ${directory}: is a directory`, {
      hint: `a directory must be an OCI layout, with ${INDEX_FILE} in it`,
    });
  return writeTar(items(await realpath(directory)));
}

async function* items(directory: string): AsyncGenerator<TarItem> {
  for (const name of [LAYOUT_FILE, INDEX_FILE]) yield* item(directory, name);
  const algorithms = await orMissing(directory, BLOBS_FOLDER, (path) =>
    readdir(path, { withFileTypes: true }),
  );
  for (const { name: algorithm } of algorithms.filter((entry) => !entry.isFile()))
    for (const hex of await orMissing(directory, `${BLOBS_FOLDER}/${algorithm}`, (path) => readdir(path)))
      yield* item(directory, `${BLOBS_FOLDER}/${algorithm}/${hex}`);
}

/** What a layout must have and has not is the layout's fault; all else is the file system's. */
async function orMissing<T>(directory: string, name: string, look: (path: string) => Promise<T>): Promise<T> {
  try {
    return await look(join(directory, name));
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw cause;
    throw new WherryError('INVALID_ARCHIVE', `${directory}: not an OCI layout: ${name} is missing`, {
      cause,
    });
  }
}

/** Blobs may be links to other places of the same layout. */
async function* item(directory: string, name: string): AsyncGenerator<TarItem> {
  const path = await orMissing(directory, name, (link) => realpath(link));
  if (!path.startsWith(directory + sep))
    throw new WherryError(
      'INVALID_ARCHIVE',
      `${join(directory, name)}: links to ${path}, outside the layout`,
    );
  const found = await stat(path);
  if (!found.isFile()) return;
  const body = fromReadable(createReadStream(path, { highWaterMark: READ_BYTES }));
  yield { entry: { name, type: 'file', size: found.size }, body };
}
