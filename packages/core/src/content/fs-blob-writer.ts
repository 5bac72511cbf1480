import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import type { Digest, Hasher } from '../digest.ts';
import { isErrno } from '../errors.ts';
import type { BackgroundFlush } from './background-flush.ts';
import { FLUSH_BYTES } from './background-flush.ts';
import type { BlobInfo, BlobWriter } from './blob-store.ts';
import type { ExpectedBlob } from './blob-verification.ts';
import { blobSubject, blobUnknown, verifyNotLonger, verifyWritten } from './blob-verification.ts';
import { publishFile } from './durable-file.ts';
import type { IngestDirectory } from './ingest-directory.ts';
import { withStorageErrors } from './storage-error.ts';

/**
 * Chunks below this size are written on the calling thread: a trip through libuv's pool costs several times
 * what copying such a chunk into the page cache does.
 */
const SYNC_WRITE_BYTES = 256 * 1024;

export interface OpenIngest {
  readonly directory: IngestDirectory;
  /** Of the directory's data file. */
  readonly handle: FileHandle;
  /** Bytes in the file. */
  readonly offset: number;
  readonly exists: boolean;
  /** Has seen the bytes up to `offset`; absent: the caller hashes. */
  readonly hasher: Hasher | undefined;
  readonly expected: ExpectedBlob;
  readonly blobPath: (digest: Digest) => string;
  readonly flush: BackgroundFlush;
}

/** Writes one ingest of an `FsBlobStore` and holds its lock until committed, aborted or disposed. */
export class FsBlobWriter implements BlobWriter {
  readonly #ingest: OpenIngest;
  #position: number;
  #state: 'open' | 'failed' | 'closed' = 'open';
  #flushedTo: number;
  #flush: Promise<void> | undefined;
  #flushFailure: unknown;

  constructor(ingest: OpenIngest) {
    this.#ingest = ingest;
    this.#position = ingest.offset;
    this.#flushedTo = ingest.offset;
  }

  get offset(): number {
    return this.#ingest.offset;
  }

  get exists(): boolean {
    return this.#ingest.exists;
  }

  get path(): string {
    return this.#ingest.directory.dataPath;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    const { expected, hasher } = this.#ingest;
    await this.#orDrop(() => verifyNotLonger(this.#position + chunk.length, expected));
    try {
      // The chunk is hashed while the system takes it.
      const written = this.#append(chunk);
      hasher?.update(chunk);
      await written;
    } catch (error) {
      this.#state = 'failed';
      throw error;
    }
    this.#position += chunk.length;
    if (this.#position - this.#flushedTo >= FLUSH_BYTES) this.#flushInBackground();
  }

  flush(): void {
    this.#requireOpen();
    if (this.#flushedTo < this.#position) this.#flushInBackground();
  }

  async commit(hashed?: BlobInfo): Promise<BlobInfo> {
    this.#requireOpen();
    const { blobPath, expected, handle, hasher } = this.#ingest;
    if (this.exists && this.#position === this.offset && expected.digest !== undefined)
      return this.#commitExisting(expected.digest);
    const found = hasher === undefined ? hashed : { digest: hasher.digest(), size: this.#position };
    if (found === undefined)
      throw new Error('commit: the caller hashes this blob and must say what it found');
    await this.#orDrop(() => verifyWritten(found, this.#position, expected));
    this.#state = 'failed';
    await withStorageErrors(`write ${blobSubject(found.digest)}`, async () => {
      await this.#flush;
      if (this.#flushFailure !== undefined) throw this.#flushFailure;
      if (!this.#isFlushed) await handle.datasync();
      await handle.close();
      await publishBlob(this.path, blobPath(found.digest));
    });
    await this.#close({ keep: false });
    return found;
  }

  async abort(): Promise<void> {
    await this.#close({ keep: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close({ keep: true });
  }

  async #append(chunk: Uint8Array): Promise<void> {
    const { expected, handle } = this.#ingest;
    await withStorageErrors(`write ${blobSubject(expected.digest)}`, async () => {
      for (let done = 0; done < chunk.length; ) {
        const length = chunk.length - done;
        const position = this.#position + done;
        done +=
          length < SYNC_WRITE_BYTES
            ? writeSync(handle.fd, chunk, done, length, position)
            : (await handle.write(chunk, done, length, position)).bytesWritten;
      }
    });
  }

  /** A flush that began when all was written takes what an earlier process wrote with it. */
  get #isFlushed(): boolean {
    return this.#flush !== undefined && this.#flushedTo === this.#position;
  }

  #flushInBackground(): void {
    const flush = this.#ingest.flush.start(this.#ingest.handle);
    if (flush === undefined) return;
    this.#flushedTo = this.#position;
    // The system reports a failure once: the flush of the commit would succeed without the bytes.
    this.#flush = flush.catch((error: unknown) => {
      this.#flushFailure ??= error;
    });
  }

  async #commitExisting(digest: Digest): Promise<BlobInfo> {
    try {
      const { size } = await stat(this.#ingest.blobPath(digest));
      await this.#close({ keep: false });
      return { digest, size };
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw blobUnknown(digest, error);
      throw error;
    }
  }

  /** Runs a verification; what does not pass it is not kept either. */
  async #orDrop(verify: () => void): Promise<void> {
    try {
      verify();
    } catch (error) {
      await this.#close({ keep: false });
      throw error;
    }
  }

  async #close({ keep }: { readonly keep: boolean }): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const { directory, handle } = this.#ingest;
    let isEmpty = false;
    try {
      await this.#flush;
      if (keep && handle.fd !== -1) isEmpty = (await handle.stat()).size === 0;
      await handle.close();
    } finally {
      if (keep && !isEmpty) directory.release();
      else await directory.remove();
    }
  }

  #requireOpen(): void {
    if (this.#state !== 'open') throw new Error(`blob writer is ${this.#state}`);
  }
}

async function publishBlob(from: string, to: string): Promise<void> {
  try {
    await publishFile(from, to);
  } catch (error) {
    // Windows does not replace a file that someone reads; then the same bytes are there already.
    if (!isErrno(error, 'EPERM', 'EACCES', 'EEXIST') || !(await isFile(to))) throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
