import { createHash, type Hash } from 'node:crypto';
import type { Digest, Hasher } from '../digest.ts';

type Algorithm = 'sha256' | 'sha512';

/** A hasher of `node:crypto`: the fastest where the CPU has SHA instructions; its state cannot be saved, but copied. */
export class NodeHasher implements Hasher {
  readonly #hash: Hash;
  readonly #algorithm: Algorithm;
  #isDone = false;

  constructor(algorithm: Algorithm = 'sha256', hash = createHash(algorithm)) {
    this.#algorithm = algorithm;
    this.#hash = hash;
  }

  /** Another one that has seen the same bytes. */
  copy(): NodeHasher {
    this.#assertOpen();
    return new NodeHasher(this.#algorithm, this.#hash.copy());
  }

  update(chunk: Uint8Array): void {
    this.#assertOpen();
    this.#hash.update(chunk);
  }

  digest(): Digest {
    this.#assertOpen();
    this.#isDone = true;
    return `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest;
  }

  #assertOpen(): void {
    if (this.#isDone) throw new Error('hasher: used after digest()');
  }
}

/** Makes a fresh hasher for digests of `algorithm`. */
export function createNodeHasher(algorithm: Algorithm = 'sha256'): Hasher {
  return new NodeHasher(algorithm);
}
