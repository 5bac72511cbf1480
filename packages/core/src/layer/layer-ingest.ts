import type { ByteSource } from '../bytes/byte-source.ts';
import { concatBytes } from '../bytes/concat.ts';
import type { Compression } from '../compression/compression.ts';
import { COMPRESSION_HEAD_BYTES, detectCompression } from '../compression/detect.ts';
import { throwIfCancelled } from '../errors.ts';
import type { LayerFacts } from './layer-facts.ts';
import { TarPass, type TarPassOptions } from './layer-pass.ts';

export interface IngestOptions extends TarPassOptions {
  /** Unpacks a stream: `decompress` on Node, `decompressWeb` in a browser. */
  readonly decompress: (source: ByteSource, compression: Compression) => ByteSource;
  readonly signal?: AbortSignal;
}

/**
 * Reads a layer's bytes once, in this thread, with back-pressure: the asynchronous form of `LayerPass`, with
 * the same answers and errors. `CANCELLED` when the signal is aborted; closes `source` in any case.
 */
export async function ingestLayer(source: ByteSource, options: IngestOptions): Promise<LayerFacts> {
  const blob = new CountedSource(source, options);
  const tar = new TarPass(options);
  try {
    const compression = detectCompression(await blob.peek(COMPRESSION_HEAD_BYTES));
    if (compression === 'none') tar.shareDigest();
    for await (const output of options.decompress(blob, compression)) tar.write(output, blob.size);
    // A decoder stops at the end of what it understands; the blob's digest is over all of it.
    for await (const _ of blob);
    return tar.finish({ ...blob.finish(), compression });
  } finally {
    await blob.close();
  }
}

/** Hashes and counts what is read through it; may be read on after a reader has left. */
class CountedSource implements ByteSource {
  size = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #hasher;
  readonly #signal: AbortSignal | undefined;
  #head: Uint8Array = new Uint8Array(0);
  #isDone = false;

  constructor(source: ByteSource, { createHasher, signal }: IngestOptions) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#hasher = createHasher();
    this.#signal = signal;
  }

  /** The first `count` bytes or more, fewer when there are no more; they are read again afterwards. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#head.length < count) {
      const chunk = await this.#pull();
      if (chunk === undefined) break;
      this.#head = concatBytes([this.#head, chunk]);
    }
    return this.#head;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const head = this.#head;
    this.#head = new Uint8Array(0);
    if (head.length > 0) yield head;
    for (let chunk = await this.#pull(); chunk !== undefined; chunk = await this.#pull()) yield chunk;
  }

  finish(): Pick<LayerFacts, 'digest' | 'size'> {
    return { digest: this.#hasher.digest(), size: this.size };
  }

  async close(): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    await this.#iterator.return?.();
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#isDone) return undefined;
    throwIfCancelled(this.#signal);
    const next = await this.#iterator.next();
    if (next.done) {
      this.#isDone = true;
      return undefined;
    }
    this.#hasher.update(next.value);
    this.size += next.value.length;
    return next.value;
  }
}
