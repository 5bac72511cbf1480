import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ByteRange } from '../../bytes/byte-range.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { fromReadable, readFileRange } from '../../bytes/node.ts';
import { decompressAuto, takeHead } from '../../compression/decompress.ts';
import { detectCompression } from '../../compression/detect.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { memberName } from '../../image/archive-members.ts';
import { readTar } from '../../tar/reader.ts';
import { missingFile } from './copy-place.ts';

const READ_BYTES = 1 << 20;
const MAX_MEMBERS = 200_000;

/** The files of a layout, by their paths in it, wherever it lies. */
export interface LayoutFiles extends AsyncDisposable {
  /** For messages. */
  readonly place: string;
  /** Bytes; `undefined` when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** Only of files whose size was told. */
  read(path: string, range?: ByteRange): ByteSource;
}

/** The files of a directory. Links are followed inside of it only. Throws `FILE_NOT_FOUND`, `INVALID_ARCHIVE`. */
export async function openLayoutDirectory(directory: string): Promise<LayoutFiles> {
  const root = await rootOf(directory);
  return {
    place: directory,
    async size(path) {
      const real = await realPath(join(root, path));
      if (real === undefined) return undefined;
      if (!real.startsWith(root + sep))
        throw new WherryError(
          'INVALID_ARCHIVE',
          `${join(directory, path)}: links to ${real}, outside the layout`,
        );
      const found = await stat(real);
      return found.isFile() ? found.size : undefined;
    },
    read: (path, range) => readFileRange(join(root, path), range),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function rootOf(directory: string): Promise<string> {
  try {
    return await realpath(directory);
  } catch (cause) {
    throw missingFile(cause, directory);
  }
}

async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}

/**
 * The files of a tar, found by one pass over it; a packed one is unpacked into a temporary file, for nobody
 * can seek in it. Throws `FILE_NOT_FOUND`, `INVALID_TAR`, `INVALID_ARCHIVE`, `TRUNCATED`.
 */
export async function openLayoutArchive(file: string): Promise<LayoutFiles> {
  await using clean = new AsyncDisposableStack();
  const plain = (await isPacked(file)) ? await unpacked(file, clean) : file;
  const handle = clean.adopt(await open(plain, 'r'), (opened) => opened.close());
  const members = new Map<string, { readonly start: number; readonly end: number }>();
  for await (const { entry } of readTar(fromFile(plain))) {
    if (entry.type !== 'file') continue;
    const name = memberName(new TextDecoder().decode(entry.name));
    members.set(name, { start: entry.dataOffset, end: entry.dataOffset + entry.size });
    if (members.size > MAX_MEMBERS)
      throw new WherryError('INVALID_ARCHIVE', `${file}: it has more than ${MAX_MEMBERS} members`);
  }
  const kept = clean.move();
  return {
    place: file,
    async size(path) {
      const member = members.get(path);
      return member && member.end - member.start;
    },
    read(path, range) {
      const member = members.get(path);
      if (member === undefined) throw new Error(`no member ${path}`);
      const { start, end } = member;
      return readFileRange(handle, {
        start: start + (range?.start ?? 0),
        end: range?.end === undefined ? end : start + range.end,
      });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function isPacked(file: string): Promise<boolean> {
  try {
    const { head, rest } = await takeHead(fromFile(file));
    for await (const _ of rest) break;
    return detectCompression(head) !== 'none';
  } catch (cause) {
    if (isErrno(cause, 'EISDIR'))
      throw new WherryError('INVALID_ARCHIVE', `${file}: is a directory`, { cause });
    throw missingFile(cause, file);
  }
}

async function unpacked(file: string, clean: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-copy-'));
  clean.defer(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'archive.tar');
  await pipeline(decompressAuto(fromFile(file)), createWriteStream(path));
  return path;
}

function fromFile(path: string): ByteSource {
  return fromReadable(createReadStream(path, { highWaterMark: READ_BYTES }));
}
