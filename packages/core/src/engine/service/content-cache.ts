import type { Digest } from '../../digest.ts';

/** Keeps the most recently used of small contents; they never change under their digests. */
export class ContentCache {
  readonly #entries = new Map<Digest, Uint8Array>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest): Uint8Array | undefined {
    const bytes = this.#entries.get(digest);
    if (!bytes) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, bytes);
    return bytes;
  }

  set(digest: Digest, bytes: Uint8Array): void {
    if (this.#entries.has(digest)) return;
    this.#entries.set(digest, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= old.length;
    }
  }
}
