import { OUTPUT_BUFFER_BYTES } from '../compression/compression.ts';
import { type Digest, digestFromBytes, digestHex, type Hasher, type HasherFactory } from '../digest.ts';
import { WherryError } from '../errors.ts';

/**
 * A ring of buffers through which one thread has its bytes hashed by another. The decoder unpacks straight into
 * it, so that nothing is copied. There are two streams, or lanes, in it: the blob and its tar.
 */
export type Lane = 0 | 1;

const LANES = 2;
const SLOTS = 8;
const SLOT_BYTES = OUTPUT_BUFFER_BYTES;
const DIGEST_BYTES = 32;

/** Words of the control block; a slot has its lane and its length behind them. */
const HEAD = 0;
const TAIL = 1;
const IS_OVER = 2;
/** Change with every piece of news for the hashing and for the writing side, who sleep on them. */
const READER_NEWS = 3;
const WRITER_NEWS = 4;
const LANES_DONE = 5;
const SLOT_WORDS = 8;
const DATA_AT = 256;
const DIGESTS_AT = DATA_AT - LANES * DIGEST_BYTES;

/** Makes the memory that both threads share. */
export function allocateHashRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(DATA_AT + SLOTS * SLOT_BYTES);
}

/** Ends the ring for both sides, whatever they are doing; the writing side then fails with `CANCELLED`. */
export function endHashRing(shared: SharedArrayBuffer): void {
  const words = new Int32Array(shared, 0, SLOT_WORDS);
  Atomics.store(words, IS_OVER, 1);
  for (const news of [READER_NEWS, WRITER_NEWS]) tell(words, news);
}

/** The side whose bytes are hashed. */
export class HashRingWriter {
  readonly #shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #slots: readonly Uint8Array[];
  #head = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#shared = shared;
    this.#words = new Int32Array(shared, 0, SLOT_WORDS + 2 * SLOTS);
    this.#slots = slotsOf(shared);
  }

  /** The next free buffer, waiting for one; what is put at its start and given to a hasher is not copied. */
  readonly nextBuffer = (): Uint8Array => {
    this.#waitUntil(() => this.#head - Atomics.load(this.#words, TAIL) < SLOTS);
    return this.#slots[this.#head % SLOTS] as Uint8Array;
  };

  /** A hasher whose work the other thread does. */
  hasher(lane: Lane): Hasher {
    return {
      update: (chunk) => this.#update(lane, chunk),
      digest: () => this.#digest(lane),
    };
  }

  #update(lane: Lane, chunk: Uint8Array): void {
    const slot = this.#slots[this.#head % SLOTS];
    if (chunk.length > 0 && chunk.buffer === this.#shared && chunk.byteOffset === slot?.byteOffset) {
      this.#publish(lane, chunk.length);
      return;
    }
    for (let at = 0; at < chunk.length; at += SLOT_BYTES) {
      const piece = chunk.subarray(at, at + SLOT_BYTES);
      this.nextBuffer().set(piece);
      this.#publish(lane, piece.length);
    }
  }

  #digest(lane: Lane): Digest {
    this.nextBuffer();
    this.#publish(lane, 0);
    this.#waitUntil(() => (Atomics.load(this.#words, LANES_DONE) & (1 << lane)) !== 0);
    return digestFromBytes(new Uint8Array(this.#shared, DIGESTS_AT + lane * DIGEST_BYTES, DIGEST_BYTES));
  }

  /** Hands the buffer at the head over; one without bytes ends the lane. */
  #publish(lane: Lane, length: number): void {
    const at = SLOT_WORDS + 2 * (this.#head % SLOTS);
    this.#words[at] = lane;
    this.#words[at + 1] = length;
    this.#head++;
    Atomics.store(this.#words, HEAD, this.#head);
    tell(this.#words, READER_NEWS);
  }

  #waitUntil(isMet: () => boolean): void {
    for (;;) {
      const news = Atomics.load(this.#words, WRITER_NEWS);
      if (Atomics.load(this.#words, IS_OVER)) throw new WherryError('CANCELLED', 'cancelled');
      if (isMet()) return;
      Atomics.wait(this.#words, WRITER_NEWS, news);
    }
  }
}

/** The side that hashes: works until the ring is ended. Blocks, so it needs a thread of its own. */
export function drainHashRing(shared: SharedArrayBuffer, createHasher: HasherFactory): void {
  const words = new Int32Array(shared, 0, SLOT_WORDS + 2 * SLOTS);
  const slots = slotsOf(shared);
  const hashers = [createHasher(), createHasher()];
  for (let tail = 0; ; ) {
    const news = Atomics.load(words, READER_NEWS);
    if (Atomics.load(words, IS_OVER)) return;
    if (Atomics.load(words, HEAD) === tail) {
      Atomics.wait(words, READER_NEWS, news);
      continue;
    }
    const at = SLOT_WORDS + 2 * (tail % SLOTS);
    const lane = words[at] ?? 0;
    const length = words[at + 1] ?? 0;
    const hasher = hashers[lane];
    if (length > 0) hasher?.update((slots[tail % SLOTS] as Uint8Array).subarray(0, length));
    else if (hasher) storeDigest(shared, lane, hasher.digest());
    tail++;
    Atomics.store(words, TAIL, tail);
    if (length === 0) Atomics.or(words, LANES_DONE, 1 << lane);
    tell(words, WRITER_NEWS);
  }
}

function storeDigest(shared: SharedArrayBuffer, lane: number, digest: Digest): void {
  const bytes = Uint8Array.from({ length: DIGEST_BYTES }, (_, i) =>
    Number.parseInt(digestHex(digest).slice(2 * i, 2 * i + 2), 16),
  );
  new Uint8Array(shared, DIGESTS_AT + lane * DIGEST_BYTES, DIGEST_BYTES).set(bytes);
}

function slotsOf(shared: SharedArrayBuffer): Uint8Array[] {
  return Array.from(
    { length: SLOTS },
    (_, i) => new Uint8Array(shared, DATA_AT + i * SLOT_BYTES, SLOT_BYTES),
  );
}

function tell(words: Int32Array, news: number): void {
  Atomics.add(words, news, 1);
  Atomics.notify(words, news);
}
