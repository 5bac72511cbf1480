import { type Digest, digestFromBytes, type ResumableHasher } from '../digest.ts';
import { WherryError } from '../errors.ts';
import { type CoreExports, type CoreModule, instantiateCore } from './load.ts';

const DIGEST_BYTES = 32;

/**
 * SHA-256 in WebAssembly. Its state can be saved and restored in another process or on another machine:
 * 'wsh' and a version byte (1), the eight words of the state (big-endian), the bytes so far (u64,
 * big-endian), then those that have not filled a block: 44 to 107 bytes. FIPS 180-4.
 */
export class WasmHasher implements ResumableHasher {
  readonly #core: CoreExports;
  readonly #memory: Uint8Array;
  readonly #input: number;
  readonly #inputBytes: number;
  #isDone = false;

  private constructor(module: CoreModule) {
    this.#core = instantiateCore(module);
    if (!this.#core.shaReserve()) throw new WherryError('INTERNAL', 'sha256: out of WebAssembly memory');
    this.#memory = new Uint8Array(this.#core.memory.buffer);
    this.#input = this.#core.inputAt();
    this.#inputBytes = this.#core.inputBytes();
  }

  /** Starts a new stream. */
  static create(module: CoreModule): WasmHasher {
    const hasher = new WasmHasher(module);
    hasher.#core.shaInit();
    return hasher;
  }

  /** Goes on where `save()` was called. Throws `INVALID_ARGUMENT` when `state` is none of ours. */
  static restore(module: CoreModule, state: Uint8Array): WasmHasher {
    const hasher = new WasmHasher(module);
    const fits = state.length <= hasher.#inputBytes;
    if (fits) hasher.#memory.set(state, hasher.#input);
    if (!fits || !hasher.#core.shaRestore(state.length))
      throw new WherryError('INVALID_ARGUMENT', 'sha256: not a saved state, or one of another version', {
        details: { size: state.length },
      });
    return hasher;
  }

  update(chunk: Uint8Array): void {
    this.#assertOpen();
    for (let at = 0; at < chunk.length; at += this.#inputBytes) {
      const window = chunk.length <= this.#inputBytes ? chunk : chunk.subarray(at, at + this.#inputBytes);
      this.#memory.set(window, this.#input);
      this.#core.shaUpdate(window.length);
    }
  }

  digest(): Digest {
    this.#assertOpen();
    this.#isDone = true;
    this.#core.shaFinal();
    return digestFromBytes(this.#output(DIGEST_BYTES));
  }

  save(): Uint8Array {
    this.#assertOpen();
    return this.#output(this.#core.shaSave());
  }

  #output(size: number): Uint8Array {
    const at = this.#core.outputAt();
    return this.#memory.slice(at, at + size);
  }

  #assertOpen(): void {
    if (this.#isDone) throw new Error('hasher: used after digest()');
  }
}
