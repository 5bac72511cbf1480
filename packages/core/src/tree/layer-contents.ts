import type { ByteSource } from '../bytes/byte-source.ts';
import { WherryError } from '../errors.ts';

/** The files' contents in a tar that is read from front to back. */
export class LayerContents {
  readonly #open: () => ByteSource;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  /** Where `rest` begins in the tar. */
  #position = 0;

  constructor(open: () => ByteSource) {
    this.#open = open;
  }

  /** `size` bytes from `offset` on, which is not before the end of what was read last. */
  async *read(offset: number, size: number): ByteSource {
    while (this.#position < offset) await this.#take(offset - this.#position);
    for (let left = size; left > 0; ) {
      const bytes = await this.#take(left);
      left -= bytes.length;
      yield bytes;
    }
  }

  /** The same in one piece, for a file that is small; often a view of what the layer's source gave. */
  async readWhole(offset: number, size: number): Promise<Uint8Array> {
    while (this.#position < offset) await this.#take(offset - this.#position);
    const first = size === 0 ? new Uint8Array(0) : await this.#take(size);
    if (first.length === size) return first;
    const whole = new Uint8Array(size);
    whole.set(first);
    for (let at = first.length; at < size; ) {
      const bytes = await this.#take(size - at);
      whole.set(bytes, at);
      at += bytes.length;
    }
    return whole;
  }

  async close(): Promise<void> {
    await this.#iterator?.return?.();
  }

  /** The next bytes, `max` at most, and at least one. */
  async #take(max: number): Promise<Uint8Array> {
    this.#iterator ??= this.#open()[Symbol.asyncIterator]();
    while (this.#rest.length === 0) {
      const { done, value } = await this.#iterator.next();
      if (done) throw new WherryError('TRUNCATED', 'unexpected EOF', { details: { offset: this.#position } });
      this.#rest = value;
    }
    const bytes = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#position += bytes.length;
    return bytes;
  }
}
