/** Says that the bytes at hand end too early; caught by whoever can wait for more. */
export class OutOfBits extends Error {}

/** Reads bits, highest first, from bytes that are appended as they come. */
export class BitReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** Next byte to read. */
  #at = 0;
  #bits = 0;
  #count = 0;

  append(chunk: Uint8Array): void {
    const unread = this.available;
    if (this.#end + chunk.length > this.#bytes.length) {
      const grown =
        unread + chunk.length > this.#bytes.length
          ? new Uint8Array((unread + chunk.length) * 2)
          : this.#bytes;
      // Read bytes make room for new ones; a few whole bytes may still be in `#bits`, which is kept.
      grown.set(this.#bytes.subarray(this.#at, this.#end));
      this.#bytes = grown;
      this.#at = 0;
      this.#end = unread;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Whole bytes that have not been looked at. */
  get available(): number {
    return this.#end - this.#at;
  }

  /** Reads 1 to 24 bits. Throws `OutOfBits`. */
  read(count: number): number {
    while (this.#count < count) this.#fill();
    this.#count -= count;
    return (this.#bits >>> this.#count) & ((1 << count) - 1);
  }

  /** Goes to the start of the next whole byte. */
  align(): void {
    this.#count -= this.#count % 8;
  }

  /** Tells whether nothing is left, at a whole byte. */
  get isEmpty(): boolean {
    return this.#count === 0 && this.available === 0;
  }

  #fill(): void {
    if (this.#at === this.#end) throw new OutOfBits();
    this.#bits = (this.#bits << 8) | (this.#bytes[this.#at++] ?? 0);
    this.#count += 8;
  }
}
