import { releaseChunk } from '../../../bytes/release.ts';

interface RecentChunk {
  readonly start: number;
  readonly bytes: Uint8Array;
  /** Somebody may still look at it. */
  isTaken: boolean;
}

/**
 * The last chunks of a stream that was written to a file, so that whoever reads close behind need not read them
 * back. Owns the chunks: those that nobody took are given back when newer ones come.
 */
export class RecentChunks {
  readonly #maxBytes: number;
  readonly #chunks: RecentChunk[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds the chunk that begins at `start`, behind the one before. */
  add(start: number, bytes: Uint8Array): void {
    this.#chunks.push({ start, bytes, isTaken: false });
    this.#bytes += bytes.length;
    while (this.#bytes > this.#maxBytes && this.#chunks.length > 1) this.#drop();
  }

  /** Bytes from `at` on, up to `to`, of the chunk that has them; `undefined`: none has. */
  take(at: number, to: number): Uint8Array | undefined {
    const found = this.#chunks.find(({ start, bytes }) => start <= at && at < start + bytes.length);
    if (found === undefined) return undefined;
    found.isTaken = true;
    return found.bytes.subarray(at - found.start, to - found.start);
  }

  clear(): void {
    while (this.#chunks.length > 0) this.#drop();
  }

  #drop(): void {
    const oldest = this.#chunks.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.bytes.length;
    if (!oldest.isTaken) releaseChunk(oldest.bytes);
  }
}
