import type { ByteSource } from '../bytes/byte-source.ts';
import { rechunk } from '../bytes/rechunk.ts';
import type { BlobInfo, BlobWriter } from '../content/blob-store.ts';
import type { Digest, Hasher, ResumableHasher } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { UploadState } from './upload-state.ts';

/** Bytes between two saved states of a running request: what a killed process has to hash again at most. */
const CHECKPOINT_BYTES = 8 << 20;
/**
 * Chunks are joined up to this size: some clients send them small. Joining further, so that a write is worth
 * a thread, cost a fifth more in copying and collecting than it saved.
 */
const WRITE_BYTES = 64 << 10;

/** Bytes to append, and where their sender believes they begin. */
export interface UploadChunk {
  readonly body: ByteSource;
  /** Absent: wherever the session stands. */
  readonly startAt?: number;
}

/** Hashes and writes what one request sends. */
export class UploadWriter {
  readonly #writer: BlobWriter;
  readonly #hasher: Hasher;
  readonly #progress: { offset: number };
  #isTorn = false;

  /** `hasher` has seen the bytes up to `progress.offset`, which follows the writes. */
  constructor(writer: BlobWriter, hasher: Hasher, progress: { offset: number }) {
    this.#writer = writer;
    this.#hasher = hasher;
    this.#progress = progress;
  }

  /** Whether a write failed: the hasher then knows bytes that the file may not have. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  /** Appends all; what arrived before `body` fails is written. `onWritten` is told each new offset. */
  async append(body: ByteSource, onWritten: (offset: number) => void = () => {}): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    async function* untilBroken(): ByteSource {
      try {
        yield* body;
      } catch (error) {
        // Not thrown on yet: a sender that broke off still gets credit for what it sent.
        failure = { error };
      }
    }
    for await (const bytes of rechunk(untilBroken(), WRITE_BYTES)) {
      // Where the store writes on another thread, the hash is computed at the same time.
      this.#isTorn = true;
      const written = this.#writer.write(bytes);
      this.#hasher.update(bytes);
      await written;
      this.#isTorn = false;
      this.#progress.offset += bytes.length;
      onWritten(this.#progress.offset);
    }
    if (failure) throw failure.error;
  }

  /** Makes the blob visible. Throws `DIGEST_MISMATCH`, and then the bytes are dropped. */
  async commit(digest: Digest): Promise<BlobInfo> {
    const found = this.#hasher.digest();
    if (found === digest) return this.#writer.commit({ digest, size: this.#progress.offset });
    await this.#writer.abort();
    throw new WherryError('DIGEST_MISMATCH', `blob has digest ${found}, want ${digest}`);
  }
}

/** Saves the hasher's state beside the running transfer, one save at a time. */
export class Checkpoints {
  readonly #hasher: ResumableHasher;
  readonly #save: (state: UploadState) => Promise<void>;
  #savedOffset: number;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(hasher: ResumableHasher, offset: number, save: (state: UploadState) => Promise<void>) {
    this.#hasher = hasher;
    this.#savedOffset = offset;
    this.#save = save;
  }

  /** Saves when enough bytes have come since the last time and no save is still running. */
  offer(offset: number): void {
    if (this.#failure) throw this.#failure.error;
    if (this.#running || offset - this.#savedOffset < CHECKPOINT_BYTES) return;
    this.#savedOffset = offset;
    this.#running = this.#save({ offset, hash: this.#hasher.save() }).then(
      () => {
        this.#running = undefined;
      },
      (error: unknown) => {
        this.#failure = { error };
      },
    );
  }

  /** Waits for the save that runs; with `offset`, saves that state last. */
  async finish(offset?: number): Promise<void> {
    await this.#running;
    if (this.#failure) throw this.#failure.error;
    if (offset === undefined || offset === this.#savedOffset) return;
    await this.#save({ offset, hash: this.#hasher.save() });
  }
}
