import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSource } from '../../../bytes/byte-source.ts';
import { createNodeHasher } from '../../../bytes/node-hasher.ts';
import type { BlobInfo, BlobWriter, ByteRange } from '../../../content/blob-store.ts';
import { type Digest, digestAlgorithm, type Hasher } from '../../../digest.ts';
import { WherryError } from '../../../errors.ts';
import type { ChunkSink } from '../blob-pump.ts';
import { RecentChunks } from './recent-chunks.ts';

/** Most bytes of one read of the file. */
const READ_BYTES = 512 * 1024;
/** What a reader may be behind without reading the file. */
const RECENT_BYTES = 1024 * 1024;

/** What one reader of the file reads into, made when first needed. */
interface ReadBuffer {
  buffer?: Buffer;
}

/** Where a fetch gets a blob from, and where it puts it. */
export interface BlobFetchParts {
  /** Bytes from `start` on, from the upstream. */
  read(start: number): ByteSource;
  /** Runs before the blob is made visible. */
  beforeCommit(): void;
  /** Runs once it is. */
  afterCommit(): void;
  /** What whoever reads is told of an error. */
  explain(error: unknown): unknown;
}

/**
 * One fetch of a blob that goes into the store, and to any number of readers while it does. They follow the
 * ingest's file, so that a slow one costs no memory and none waits for another. The last byte is held back
 * until the whole is verified: a wrong blob is never seen complete.
 */
export class BlobFetch {
  readonly info: BlobInfo;
  readonly #handle: FileHandle;
  /** Bytes that readers may have. */
  #readable = 0;
  readonly #recent = new RecentChunks(RECENT_BYTES);
  #readers = 0;
  #failure: unknown;
  #isOver = false;
  #progress = Promise.withResolvers<void>();

  private constructor(info: BlobInfo, handle: FileHandle) {
    this.info = info;
    this.#handle = handle;
  }

  /** Makes the fetch of what `writer`, which hashes nothing itself, is to hold. `run` does the work. */
  static async open(info: BlobInfo, writer: BlobWriter): Promise<BlobFetch> {
    if (writer.path === undefined) throw new Error('a fetch needs an ingest that is a file');
    return new BlobFetch(info, await open(writer.path, 'r'));
  }

  /**
   * Fetches what `writer` does not hold yet, verifies and commits it. `onFirst` runs when the first bytes are
   * there. Throws what the upstream or the store did, as the readers hear it too; a wrong blob is dropped.
   */
  async run(writer: BlobWriter, parts: BlobFetchParts, onFirst: () => void): Promise<void> {
    const { digest, size } = this.info;
    const hasher = createNodeHasher(digestAlgorithm(digest));
    try {
      await this.#rehash(writer.offset, hasher);
      let at = writer.offset;
      if (at > 0 || size === 0) onFirst();
      if (at < size)
        for await (const chunk of parts.read(at)) {
          await writer.write(chunk);
          hasher.update(chunk);
          // Adding may give chunks back, this one not before the next.
          this.#recent.add(at, chunk);
          at += chunk.length;
          this.#advance(Math.min(at, size - 1));
          onFirst();
        }
      await this.#verify(hasher.digest(), at, writer);
      this.#advance(size);
      parts.beforeCommit();
      await writer.commit(this.info);
      parts.afterCommit();
    } catch (error) {
      this.#failure = parts.explain(error);
      throw this.#failure;
    } finally {
      this.#isOver = true;
      this.#recent.clear();
      this.#wake();
      await this.#closeIfIdle();
    }
  }

  /** Hands on the blob's bytes, as they come. */
  async send({ start, end }: Required<ByteRange>, sink: ChunkSink): Promise<void> {
    this.#readers++;
    const own: ReadBuffer = {};
    try {
      for (let at = start; at < end; ) {
        while (this.#readable <= at) await this.#more();
        const to = Math.min(end, this.#readable);
        const taken = this.#recent.take(at, to);
        const bytes = taken?.bytes ?? (await this.#readFile(at, to, own));
        at += bytes.length;
        // After a failure somebody may still look at what was sent.
        await sink(bytes);
        taken?.giveBack();
      }
    } finally {
      this.#readers--;
      await this.#closeIfIdle();
    }
  }

  /** The blob is in the store, and this is no longer to be read from. Throws what ended the fetch otherwise. */
  get isStored(): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#isOver;
  }

  async #readFile(at: number, to: number, own: ReadBuffer): Promise<Uint8Array> {
    own.buffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
    const { buffer } = own;
    const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(buffer.length, to - at), at);
    if (bytesRead === 0) throw new Error(`ingest ended at ${at}, want ${to}`);
    return buffer.subarray(0, bytesRead);
  }

  async #more(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#progress.promise;
  }

  /** The bytes of an earlier attempt count like new ones. */
  async #rehash(offset: number, hasher: Hasher): Promise<void> {
    const own: ReadBuffer = {};
    for (let at = 0; at < offset; ) {
      const bytes = await this.#readFile(at, offset, own);
      hasher.update(bytes);
      at += bytes.length;
    }
    this.#advance(Math.min(offset, this.info.size - 1));
  }

  async #verify(found: Digest, size: number, writer: BlobWriter): Promise<void> {
    const { info } = this;
    if (found === info.digest && size === info.size) return;
    await writer.abort();
    throw size === info.size
      ? new WherryError('DIGEST_MISMATCH', `blob ${info.digest}: content has digest ${found}`)
      : new WherryError('SIZE_MISMATCH', `blob ${info.digest}: size ${size}, want ${info.size}`);
  }

  #advance(readable: number): void {
    if (readable <= this.#readable) return;
    this.#readable = readable;
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#progress;
    this.#progress = Promise.withResolvers();
    resolve();
  }

  async #closeIfIdle(): Promise<void> {
    if (this.#isOver && this.#readers === 0) await this.#handle.close();
  }
}
