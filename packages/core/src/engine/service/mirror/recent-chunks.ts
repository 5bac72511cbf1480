import { releaseChunk } from '../../../bytes/release.ts';

interface RecentChunk {
  readonly start: number;
  readonly bytes: Uint8Array;
  /** How many look at it. */
  takers: number;
  /** Newer ones have come. */
  isDropped: boolean;
}

/** A part of a chunk, which stays as it is until it is given back. */
export interface TakenChunk {
  readonly bytes: Uint8Array;
  giveBack(): void;
}

/**
 * The last chunks of a stream that was written to a file, so that whoever reads close behind need not read them
 * back. Owns the chunks: their memory is given back when newer ones have come and nobody looks at them.
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
    this.#chunks.push({ start, bytes, takers: 0, isDropped: false });
    this.#bytes += bytes.length;
    while (this.#bytes > this.#maxBytes && this.#chunks.length > 1) this.#drop();
  }

  /** Bytes from `at` on, up to `to`, of the chunk that has them; `undefined`: none has. */
  take(at: number, to: number): TakenChunk | undefined {
    const found = this.#chunks.find(({ start, bytes }) => start <= at && at < start + bytes.length);
    if (found === undefined) return undefined;
    found.takers++;
    return {
      bytes: found.bytes.subarray(at - found.start, to - found.start),
      giveBack: () => {
        found.takers--;
        releaseIfUnused(found);
      },
    };
  }

  clear(): void {
    while (this.#chunks.length > 0) this.#drop();
  }

  #drop(): void {
    const oldest = this.#chunks.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.bytes.length;
    oldest.isDropped = true;
    releaseIfUnused(oldest);
  }
}

function releaseIfUnused({ bytes, takers, isDropped }: RecentChunk): void {
  if (isDropped && takers === 0) releaseChunk(bytes);
}
