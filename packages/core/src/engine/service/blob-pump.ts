import { open } from 'node:fs/promises';
import type { BlobReader, ByteRange } from '../../content/blob-store.ts';
import { blobUnknown } from '../../content/blob-verification.ts';
import type { Digest } from '../../digest.ts';
import { isErrno } from '../../errors.ts';

/** Large enough for few trips to another thread, small enough to stay in a processor's cache. */
const BUFFER_BYTES = 512 << 10;
/** Buffers that wait for the next blob. */
const MAX_IDLE = 16;

/** Takes a chunk, whose memory is used again once the promise resolves. */
export type ChunkSink = (chunk: Uint8Array) => Promise<void>;

/**
 * Hands files on, each through two buffers of its own: one is read into while the other one is sent. Fresh memory for
 * each chunk costs more than its copying does.
 */
class BlobPump {
  readonly #idle: Buffer[] = [];

  /** Throws what `sink` throws, and `ENOENT`. */
  async send(path: string, { start, end }: Required<ByteRange>, sink: ChunkSink): Promise<void> {
    const handle = await open(path, 'r');
    const buffers = [this.#take(), this.#take()] as const;
    let sending: Promise<void> = Promise.resolve();
    try {
      for (let position = start, turn = 0; position < end; turn ^= 1) {
        const buffer = buffers[turn as 0 | 1];
        const { bytesRead } = await handle.read(buffer, 0, Math.min(BUFFER_BYTES, end - position), position);
        if (bytesRead === 0) throw new Error(`file ended at ${position}, want ${end}`);
        position += bytesRead;
        await sending;
        sending = sink(buffer.subarray(0, bytesRead));
        // Whoever waits for it next hears of it; meanwhile it is no rejection that nobody handles.
        sending.catch(() => {});
      }
      await sending;
      // After a failure a buffer may still be on its way to somebody.
      if (this.#idle.length < MAX_IDLE) this.#idle.push(...buffers);
    } finally {
      await handle.close();
    }
  }

  #take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }
}

/** Hands a part of a stored blob on. Throws `BLOB_UNKNOWN` before the first chunk, and what the sink throws. */
export type BlobSender = (digest: Digest, range: Required<ByteRange>, sink: ChunkSink) => Promise<void>;

/** `pathOf` names the file of a blob; absent: the store has none. */
export function blobSender(blobs: BlobReader, pathOf: ((digest: Digest) => string) | undefined): BlobSender {
  const pump = new BlobPump();
  return async (digest, range, sink) => {
    try {
      if (pathOf) return await pump.send(pathOf(digest), range, sink);
    } catch (cause) {
      throw isErrno(cause, 'ENOENT') ? blobUnknown(digest, cause) : cause;
    }
    for await (const chunk of blobs.read(digest, range)) await sink(chunk);
  };
}
