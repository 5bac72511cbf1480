import type { FilePiece, HashedPart } from '../../layer/hash-piece.ts';

/** A trip to another thread is worth hashing this much. */
const MIN_PIECE_BYTES = 1 << 20;
/** Uploads take turns after this much; and the state after a piece is one that can be saved. */
const MAX_PIECE_BYTES = 4 << 20;
/** Bytes between two saved states of a running request. */
const CHECKPOINT_BYTES = 8 << 20;
/**
 * How far the file may be ahead of its hash: with `CHECKPOINT_BYTES` what a killed process leaves to be hashed
 * again.
 */
const MAX_AHEAD_BYTES = 32 << 20;

export interface UploadHashDeps {
  /** Hashes a piece of a file, elsewhere. */
  readonly hashPiece: (piece: FilePiece) => Promise<HashedPart>;
  readonly save: (hashed: HashedPart) => Promise<void>;
}

/**
 * The hash of one session's file while a request uses it. It is computed behind the writes, from the file, so
 * that it never knows bytes that the file does not have; its state is saved now and then and at the end.
 */
export class UploadHash {
  readonly #deps: UploadHashDeps;
  readonly #path: string;
  #hashed: HashedPart;
  #writtenTo: number;
  #savedTo: number;
  #hashing: Promise<void> | undefined;
  #saving: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** `saved` was saved for the file at `path`, which has bytes up to `writtenTo`. */
  constructor(deps: UploadHashDeps, path: string, saved: HashedPart, writtenTo: number) {
    this.#deps = deps;
    this.#path = path;
    this.#hashed = saved;
    this.#savedTo = saved.offset;
    this.#writtenTo = writtenTo;
  }

  /** Tells that the file has bytes up to `offset`; waits when the hash is too far behind. */
  async follow(offset: number): Promise<void> {
    this.#writtenTo = offset;
    this.#hashing ??= this.#ahead >= MIN_PIECE_BYTES ? this.#catchUp(MIN_PIECE_BYTES) : undefined;
    if (this.#ahead > MAX_AHEAD_BYTES) await this.#hashing;
    this.#throwFailure();
  }

  /** Hashes all that is in the file, saves the state after it and gives it. */
  async finish(): Promise<HashedPart> {
    await this.#hashing;
    await this.#catchUp(1);
    await this.settle();
    if (this.#hashed.offset !== this.#savedTo) await this.#deps.save(this.#hashed);
    this.#savedTo = this.#hashed.offset;
    return this.#hashed;
  }

  /** Waits for what still runs; the last saved state is then the one to go on from. */
  async settle(): Promise<void> {
    await this.#hashing;
    await this.#saving;
    this.#throwFailure();
  }

  get #ahead(): number {
    return this.#writtenTo - this.#hashed.offset;
  }

  /** Hashes until fewer than `minBytes` are left. Never rejects: nobody may be waiting. */
  async #catchUp(minBytes: number): Promise<void> {
    try {
      while (this.#ahead >= minBytes && !this.#failure) {
        const to = Math.min(this.#writtenTo, this.#hashed.offset + MAX_PIECE_BYTES);
        this.#hashed = await this.#deps.hashPiece({ path: this.#path, from: this.#hashed, to });
        this.#checkpoint();
      }
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#hashing = undefined;
    }
  }

  /** Saves when enough bytes were hashed since the last time and no save is still running. */
  #checkpoint(): void {
    if (this.#saving || this.#hashed.offset - this.#savedTo < CHECKPOINT_BYTES) return;
    const { offset } = this.#hashed;
    this.#saving = this.#deps
      .save(this.#hashed)
      .then(() => {
        this.#savedTo = offset;
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#saving = undefined;
      });
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
