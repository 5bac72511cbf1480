import { constants, createInflateRaw, createZstdDecompress } from 'node:zlib';

/** The part of zlib's native handle that is used here; not documented by Node, hence `hasSyncZlib`. */
interface ZlibHandle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
  reset(): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface ZlibStream {
  readonly _handle: ZlibHandle;
  /** Space left in the output, bytes left of the input, both after the last call. */
  readonly _writeState: Uint32Array;
  close(): void;
}

/** Frames that need a larger window (2 to this power, in bytes) are refused: 27 is zstd's own default. */
export const ZSTD_WINDOW_LOG_MAX = 27;

/** What one call of `NativeDecompressor.step` did. */
export interface Step {
  consumed: number;
  produced: number;
}

/**
 * Unpacks synchronously into a buffer of the caller's: a quarter less CPU than zlib's streams, which
 * allocate each output anew.
 */
export class NativeDecompressor {
  readonly #stream: ZlibStream;
  readonly #handle: ZlibHandle;
  readonly #state: Uint32Array;
  readonly #step: Step = { consumed: 0, produced: 0 };
  #failure: string | undefined;

  constructor(format: 'deflate-raw' | 'zstd') {
    this.#stream = openStream(format) as unknown as ZlibStream;
    this.#handle = this.#stream._handle;
    this.#state = this.#stream._writeState;
    this.#handle.onerror = (message) => {
      this.#failure = message;
    };
  }

  /**
   * Unpacks from `input` at `offset` until `output` is full or the input is used up, or the deflate stream or
   * zstd frame ends. The returned object is reused. Returns zlib's message when the data is bad.
   */
  step(input: Uint8Array, offset: number, output: Uint8Array): Step | string {
    const length = input.length - offset;
    this.#handle.writeSync(constants.Z_NO_FLUSH, input, offset, length, output, 0, output.length);
    if (this.#failure !== undefined) return this.#failure;
    this.#step.produced = output.length - (this.#state[0] ?? 0);
    this.#step.consumed = length - (this.#state[1] ?? 0);
    return this.#step;
  }

  /** Makes ready for the next deflate stream. */
  reset(): void {
    this.#handle.reset();
  }

  close(): void {
    this.#stream.close();
  }
}

function openStream(format: 'deflate-raw' | 'zstd'): unknown {
  // The stream's own output buffer is never used: keep it at the smallest size allowed.
  const chunkSize = constants.Z_MIN_CHUNK;
  if (format === 'deflate-raw') return createInflateRaw({ chunkSize });
  return createZstdDecompress({
    chunkSize,
    params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
  });
}
