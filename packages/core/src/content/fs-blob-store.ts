import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { constants, open, opendir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Digest, Hasher, HasherFactory } from '../digest.ts';
import { digestAlgorithm, isDigest } from '../digest.ts';
import { isErrno, throwIfCancelled } from '../errors.ts';
import { allocatedBytes } from './allocated-bytes.ts';
import { BackgroundFlush } from './background-flush.ts';
import type {
  BeginOptions,
  BlobInfo,
  BlobStore,
  BlobWriter,
  ByteRange,
  PartialIngest,
} from './blob-store.ts';
import { blobUnknown, resolveRange } from './blob-verification.ts';
import { FsBlobWriter } from './fs-blob-writer.ts';
import { IngestDirectory, statIngest } from './ingest-directory.ts';
import { toStorageError, withStorageErrors } from './storage-error.ts';
import { ALGORITHMS, blobPath, decodeKey, ingestDir, tocPath } from './store-paths.ts';
import { moveToTrashSync, restoreFromTrashSync } from './trash-files.ts';

const READ_BYTES = 1024 * 1024;
/** Most documents are smaller, and read at once: to load `node:fs/promises` alone takes longer, at each start. */
const SMALL_BYTES = 64 * 1024;

export interface FsBlobStoreOptions {
  /** Makes the sha256 hasher for writes that the caller does not hash. */
  readonly createHasher: HasherFactory;
  readonly clock?: Clock;
}

/**
 * Blobs as files of an OCI image layout under `root`, open writes in `ingests/`. Makes directories when
 * something is written, not before. Any number of stores, in any number of processes, share a root.
 * OCI image-spec v1.1, image-layout.md.
 */
export class FsBlobStore implements BlobStore {
  readonly root: string;
  readonly #createHasher: HasherFactory;
  readonly #clock: Clock;
  readonly #flush = new BackgroundFlush();

  constructor(root: string, options: FsBlobStoreOptions) {
    this.root = root;
    this.#createHasher = options.createHasher;
    this.#clock = options.clock ?? systemClock;
  }

  /** Where the blob lies, or would lie. */
  pathOf(digest: Digest): string {
    return blobPath(this.root, digest);
  }

  /** A blob in the trash is taken out of it: whoever asks has a use for it. */
  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const found = await this.#look(digest);
    if (found !== undefined || !restoreFromTrashSync(this.root, digest)) return found;
    return this.#look(digest);
  }

  async *read(digest: Digest, range?: ByteRange): ByteSource {
    if (!existsSync(this.pathOf(digest))) restoreFromTrashSync(this.root, digest);
    const small = readSmall(this.pathOf(digest), digest);
    if (small !== undefined) {
      const { start, end } = resolveRange(digest, small.length, range);
      if (start < end) yield small.subarray(start, end);
      return;
    }
    const handle = await this.#openBlob(digest);
    try {
      const { size } = await handle.stat();
      const { start, end } = resolveRange(digest, size, range);
      yield* readChunks(handle, start, end);
    } finally {
      await handle.close();
    }
  }

  async begin(key: string, options: BeginOptions = {}): Promise<BlobWriter> {
    const path = ingestDir(this.root, key);
    return withStorageErrors(`write to ${this.root}`, async () => {
      const directory = await IngestDirectory.acquire(path, options.signal);
      try {
        return await this.#openWriter(directory, options);
      } catch (error) {
        directory.release();
        throw error;
      }
    });
  }

  async *list(): AsyncIterable<BlobInfo> {
    for (const algorithm of ALGORITHMS) {
      for await (const name of namesIn(join(this.root, 'blobs', algorithm))) {
        const digest = `${algorithm}:${name}`;
        const info = isDigest(digest) ? await this.#look(digest) : undefined;
        if (info !== undefined) yield info;
      }
    }
  }

  async delete(digest: Digest): Promise<boolean> {
    return this.deleteSync(digest);
  }

  /**
   * Removes the blob and its table of contents, in the course of a transaction of the metadata. Tells
   * whether there was such a blob.
   */
  deleteSync(digest: Digest): boolean {
    try {
      // The blob first: what is left when the process dies in between is a table that nobody asks for.
      const existed = unlinkIfThere(this.pathOf(digest));
      unlinkIfThere(tocPath(this.root, digest));
      return existed;
    } catch (error) {
      throw toStorageError(error, `remove blob ${digest}`);
    }
  }

  /**
   * Puts the blob and its table of contents into the trash, in the course of a transaction of the metadata. Tells
   * whether there was such a blob.
   */
  trashSync(digest: Digest): boolean {
    return moveToTrashSync(this.root, digest);
  }

  /** What the file system gets back when the blob and its table of contents are removed. */
  allocatedSync(digest: Digest): number {
    return [this.pathOf(digest), tocPath(this.root, digest)].reduce((sum, path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      // Another hard link, of a copy of the store say, keeps the bytes.
      return stat === undefined || stat.nlink > 1 ? sum : sum + allocatedBytes(stat);
    }, 0);
  }

  /** Writes that are open now or were broken off, in no order. */
  async ingests(): Promise<PartialIngest[]> {
    const found: PartialIngest[] = [];
    for (const name of await this.#ingestNames()) {
      const key = decodeKey(name);
      const held = key === undefined ? undefined : await statIngest(join(this.root, 'ingests', name));
      if (key !== undefined && held !== undefined) found.push({ key, ...held });
    }
    return found;
  }

  /** Forgets writes to which nothing was added for `olderThanMs` and that nobody has open; returns them. */
  async removeStaleIngests(olderThanMs: number): Promise<PartialIngest[]> {
    const newest = this.#clock.now().getTime() - olderThanMs;
    const removed: PartialIngest[] = [];
    for (const ingest of await this.ingests()) {
      if (ingest.modifiedAt.getTime() > newest) continue;
      const path = ingestDir(this.root, ingest.key);
      const directory = await IngestDirectory.tryAcquire(path);
      if (directory === undefined) continue;
      // Another process may have gone on with it, and stopped, since it was listed.
      const held = await statIngest(path);
      if (held === undefined || held.bytes !== ingest.bytes) directory.release();
      else {
        await directory.remove();
        removed.push(ingest);
      }
    }
    return removed;
  }

  async #look(digest: Digest): Promise<BlobInfo | undefined> {
    try {
      const { size } = await stat(this.pathOf(digest));
      return { digest, size };
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async #openWriter(directory: IngestDirectory, options: BeginOptions): Promise<BlobWriter> {
    const { digest, size, signal } = options;
    const handle = await open(directory.dataPath, constants.O_RDWR | constants.O_CREAT, 0o644);
    try {
      let offset = fstatSync(handle.fd).size;
      if (size !== undefined && offset > size) {
        await handle.truncate(0);
        offset = 0;
      }
      const hasher = options.hashedBy === 'caller' ? undefined : this.#hasherFor(digest);
      if (hasher !== undefined)
        for await (const chunk of readChunks(handle, 0, offset)) {
          throwIfCancelled(signal);
          hasher.update(chunk);
        }
      return new FsBlobWriter({
        directory,
        handle,
        offset,
        exists: digest !== undefined && (await this.stat(digest)) !== undefined,
        hasher,
        expected: { digest, size },
        blobPath: (found) => this.pathOf(found),
        flush: this.#flush,
      });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #openBlob(digest: Digest): Promise<FileHandle> {
    try {
      return await open(this.pathOf(digest), 'r');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw blobUnknown(digest, error);
      throw error;
    }
  }

  async #ingestNames(): Promise<string[]> {
    try {
      return await readdir(join(this.root, 'ingests'));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #hasherFor(digest: Digest | undefined): Hasher {
    return digest !== undefined && digestAlgorithm(digest) === 'sha512'
      ? createSha512()
      : this.#createHasher();
  }
}

/** Tells whether there was such a file. For thousands of them `rmSync` takes twice as long. */
function unlinkIfThere(path: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** The whole of a small blob; `undefined` for a larger one. Throws `BLOB_UNKNOWN`. */
function readSmall(path: string, digest: Digest): Uint8Array | undefined {
  const fd = openBlobSync(path, digest);
  try {
    const { size } = fstatSync(fd);
    if (size > SMALL_BYTES) return undefined;
    const buffer = Buffer.allocUnsafeSlow(size);
    for (let position = 0; position < size; ) {
      const bytesRead = readSync(fd, buffer, position, size - position, position);
      if (bytesRead === 0) throw new Error(`file ended at ${position}, want ${size}`);
      position += bytesRead;
    }
    return buffer;
  } finally {
    closeSync(fd);
  }
}

function openBlobSync(path: string, digest: Digest): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw blobUnknown(digest, error);
    throw error;
  }
}

async function* readChunks(handle: FileHandle, start: number, end: number): ByteSource {
  for (let position = start; position < end; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new Error(`file ended at ${position}, want ${end}`);
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* namesIn(directory: string): AsyncIterable<string> {
  try {
    for await (const entry of await opendir(directory)) yield entry.name;
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

function createSha512(): Hasher {
  const hash = createHash('sha512');
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => `sha512:${hash.digest('hex')}` as Digest,
  };
}
