import { createWriteStream, statSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gunzip } from 'node:zlib';
import type { StepFile, StepFiles } from '../../build/step-inputs.ts';
import { allocatedBytes } from '../../content/allocated-bytes.ts';
import { makeStoreDirectory } from '../../content/durable-file.ts';
import { namesIn } from '../../content/names-in.ts';
import type { Digest } from '../../digest.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { isTemporary, temporaryBeside } from '../../rootfs/replace-file.ts';
import { BuildPlaces } from './build-places.ts';

const FORMAT = 1;
const SUFFIX = '.gz';
/** Longer lists, of some 250,000 files, are not kept: what changed is then told without names. */
const MAX_LIST_BYTES = 32 << 20;

/**
 * The files of cached steps, one packed list each: a line of JSON that says whose it is, then one per file. They
 * only serve to explain, so they are not flushed, and one that is lost is no fault.
 */
export class FileLists {
  readonly #directory: string;

  constructor(root: string) {
    this.#directory = new BuildPlaces(root).files;
  }

  /** Keeps the list of a step; one that is too long, or that the disk has no room for, is left out. */
  async write(key: string, files: StepFiles): Promise<void> {
    await makeStoreDirectory(this.#directory);
    const path = this.pathOf(key);
    const temporary = temporaryBeside(path);
    try {
      const lines = Readable.from(linesOf(files), { objectMode: false });
      await pipeline(lines, createGzip({ level: 1 }), createWriteStream(temporary));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      if (!isErrno(error, 'ENOSPC', 'EDQUOT') && !(error instanceof TooLong)) throw error;
    }
  }

  /** The list with the digest `files`; `undefined` when there is none that is whole. */
  async read(key: string, files: Digest): Promise<StepFile[] | undefined> {
    let packed: Buffer;
    try {
      packed = await readFile(this.pathOf(key));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
    try {
      const unpacked = await promisify(gunzip)(packed, { maxOutputLength: 2 * MAX_LIST_BYTES });
      return parseList(unpacked.toString('utf8'), files);
    } catch (error) {
      // Cut off by a loss of power.
      if (error instanceof SyntaxError || isUnpackingFault(error)) return undefined;
      throw error;
    }
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

class TooLong extends Error {}

function* linesOf(files: StepFiles): Iterable<Buffer> {
  yield Buffer.from(`${JSON.stringify({ format: FORMAT, files: files.digest })}\n`);
  let bytes = 0;
  for (const chunk of chunksOf(files.list())) {
    bytes += chunk.length;
    if (bytes > MAX_LIST_BYTES) throw new TooLong();
    yield chunk;
  }
}

/** A chunk for each line would cost more than its packing. */
function* chunksOf(files: Iterable<StepFile>): Iterable<Buffer> {
  let text = '';
  for (const { path, state } of files) {
    text += `${JSON.stringify([path, state])}\n`;
    if (text.length < 64 << 10) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function parseList(text: string, digest: Digest): StepFile[] | undefined {
  const [first = '', ...lines] = text.trimEnd().split('\n');
  const head = JSON.parse(first) as { readonly format?: unknown; readonly files?: unknown };
  if (head.format !== FORMAT || head.files !== digest) return undefined;
  return lines.map((line) => {
    const [path, state] = JSON.parse(line) as [string, string];
    return { path, state };
  });
}

function isUnpackingFault(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && (code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE');
}
