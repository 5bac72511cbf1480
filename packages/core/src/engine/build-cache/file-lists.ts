import { readFileSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { fileListDigest, fileListText, TextFileList } from '../../build/cache/file-list.ts';
import type { StepFile, StepFiles } from '../../build/step-inputs.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { compressZstd } from '../../compression/compress-zstd.ts';
import { allocatedBytes } from '../../content/allocated-bytes.ts';
import { makeStoreDirectory } from '../../content/durable-file.ts';
import { namesIn } from '../../content/names-in.ts';
import type { Digest } from '../../digest.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { isTemporary, temporaryBeside } from '../../rootfs/replace-file.ts';
import { BuildPlaces } from './build-places.ts';

const SUFFIX = '.zst';
/** Lists of more text, of some 200,000 files, are not kept: what changed is then told without names. */
const MAX_LIST_BYTES = 32 << 20;
/** Unpacked at once: each piece is a trip to another thread. */
const UNPACKED_BYTES = 1 << 20;
/** The digests in it do not get smaller, whatever the effort. */
const PACKING = { level: 1 };

/**
 * The files of cached steps, one packed list each: the text that their digest is of. They serve to explain, and to tell
 * what changed in a layer, which can be done without; so they are not flushed, and one that is lost is no fault.
 */
export class FileLists {
  readonly #directory: string;

  constructor(root: string) {
    this.#directory = new BuildPlaces(root).files;
  }

  /**
   * Keeps the list of a step; one that is too long, or that the disk has no room for, is left out. `packed` is what
   * `packList` gives for it.
   */
  async write(key: string, files: StepFiles, packed?: Promise<PackedList>): Promise<void> {
    await makeStoreDirectory(this.#directory);
    const path = this.pathOf(key);
    const temporary = temporaryBeside(path);
    try {
      await writeFile(temporary, await (packed ?? packList(files)));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      if (!isErrno(error, 'ENOSPC', 'EDQUOT') && !(error instanceof TooLong)) throw error;
    }
  }

  /** The list with the digest `files`; `undefined` when there is none that is whole. */
  async read(key: string, files: Digest): Promise<Iterable<StepFile> | undefined> {
    let packed: Buffer;
    try {
      packed = readFileSync(this.pathOf(key));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
    const text = await unpack(packed);
    if (text === undefined || fileListDigest([text]) !== files) return undefined;
    return new TextFileList(text.toString('utf8'));
  }

  /** Removes a list; returns what the file system gets back. */
  async delete(key: string): Promise<number> {
    const bytes = this.bytesOf(key);
    await rm(this.pathOf(key), { force: true });
    return bytes;
  }

  bytesOf(key: string): number {
    const stat = statSync(this.pathOf(key), { throwIfNoEntry: false });
    return stat ? allocatedBytes(stat) : 0;
  }

  /** The keys that have lists, and the names of other files. */
  async names(): Promise<{ readonly keys: readonly string[]; readonly temporaries: readonly string[] }> {
    const names = await namesIn(this.#directory);
    return {
      keys: names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length)),
      temporaries: names.filter(isTemporary),
    };
  }

  pathOf(key: string): string {
    if (!/^[0-9a-f]+$/.test(key))
      throw new WherryError('INVALID_ARGUMENT', `key of a cached step: want hexadecimal digits: ${key}`);
    return join(this.#directory, key + SUFFIX);
  }
}

/** A list as it is kept. */
export type PackedList = readonly Uint8Array[];

/** Packs a list of files: a few megabytes at the most. Fails for one that is too long, of which `write` keeps none. */
export async function packList(files: StepFiles): Promise<PackedList> {
  const pieces: Uint8Array[] = [];
  for await (const piece of compressZstd(textOf(files), PACKING)) pieces.push(piece);
  return pieces;
}

class TooLong extends Error {}

async function* textOf(files: StepFiles): ByteSource {
  let bytes = 0;
  for (const text of fileListText(files.list())) {
    const piece = Buffer.from(text);
    bytes += piece.length;
    if (bytes > MAX_LIST_BYTES) throw new TooLong();
    yield piece;
  }
}

/** `undefined`: it is no list, or was cut off by a loss of power. */
async function unpack(packed: Buffer): Promise<Buffer | undefined> {
  try {
    return await promisify(zstdDecompress)(packed, {
      maxOutputLength: MAX_LIST_BYTES,
      chunkSize: UNPACKED_BYTES,
    });
  } catch (error) {
    if (isUnpackingFault(error)) return undefined;
    throw error;
  }
}

function isUnpackingFault(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && (/^Z(?:STD)?_/.test(code) || code === 'ERR_BUFFER_TOO_LARGE');
}
