import { closeSync, openSync, readSync } from 'node:fs';
import { WherryError } from '../errors.ts';

const STATE = 0;
/** Changes with every piece of news, so that a reader who looked before it does not sleep through it. */
const NEWS = 1;
const COUNTERS_BYTES = 8;
const SHARED_BYTES = COUNTERS_BYTES + 8;

const ENDED = 1;
const ABORTED = 2;

/**
 * A file that one thread appends to while another reads it. The writer says how many bytes are there; memory
 * needs no bound of its own, as what the reader has not taken yet lies in the file.
 */
export class GrowingFile {
  readonly path: string;
  /** What the reading thread gets. */
  readonly shared = new SharedArrayBuffer(SHARED_BYTES);
  readonly #counters = new Int32Array(this.shared, 0, 2);
  readonly #available = new BigInt64Array(this.shared, COUNTERS_BYTES, 1);

  /** Settles when `end` or `abort` was called. */
  readonly settled: Promise<void>;
  readonly #onSettled: () => void;

  /** `available` bytes are there already, from an earlier attempt. The file must exist once any are. */
  constructor(path: string, available = 0) {
    this.path = path;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#onSettled = resolve;
    if (available > 0) this.advance(available);
  }

  /** Says that `bytes` more can be read. */
  advance(bytes: number): void {
    Atomics.add(this.#available, 0, BigInt(bytes));
    this.#notify();
  }

  /** Says that no more comes. */
  end(): void {
    this.#settle(ENDED);
  }

  /** Stops the reader, which fails with `CANCELLED`; without effect after `end` was read. */
  abort(): void {
    this.#settle(ABORTED);
  }

  #settle(state: number): void {
    Atomics.store(this.#counters, STATE, state);
    this.#notify();
    this.#onSettled();
  }

  #notify(): void {
    Atomics.add(this.#counters, NEWS, 1);
    Atomics.notify(this.#counters, NEWS);
  }
}

/** The reading side of a `GrowingFile`, for a worker thread: it blocks. */
export class GrowingFileReader {
  readonly #path: string;
  readonly #counters: Int32Array;
  readonly #available: BigInt64Array;
  #fd: number | undefined;
  #position = 0;

  constructor(path: string, shared: SharedArrayBuffer) {
    this.#path = path;
    this.#counters = new Int32Array(shared, 0, 2);
    this.#available = new BigInt64Array(shared, COUNTERS_BYTES, 1);
  }

  /**
   * Reads the next bytes into `buffer`, waiting for them if need be; 0 at the end of the file. Throws
   * `CANCELLED` after an abort, `TRUNCATED` when the file is shorter than its writer said.
   */
  read(buffer: Uint8Array): number {
    const length = Math.min(this.#waitForBytes(), buffer.length);
    if (length === 0) return 0;
    this.#fd ??= openSync(this.#path, 'r');
    const count = readSync(this.#fd, buffer, 0, length, this.#position);
    if (count === 0) throw new WherryError('TRUNCATED', `file ends at byte ${this.#position}, want more`);
    this.#position += count;
    return count;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #waitForBytes(): number {
    for (;;) {
      const news = Atomics.load(this.#counters, NEWS);
      // The state is read before the count: all that was written before `end` is then in the count.
      const state = Atomics.load(this.#counters, STATE);
      if (state === ABORTED) throw new WherryError('CANCELLED', 'cancelled');
      const unread = Number(Atomics.load(this.#available, 0)) - this.#position;
      if (unread > 0 || state === ENDED) return unread;
      Atomics.wait(this.#counters, NEWS, news);
    }
  }
}
