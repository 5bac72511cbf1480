import { type OutputBuffer, reusedOutput, type SteppedDecoder } from './compression.ts';
import { corrupt } from './failures.ts';
import { NativeDecompressor, ZSTD_WINDOW_LOG_MAX } from './native-handle.ts';
import { ZstdFrameWalker } from './zstd-frames.ts';

/**
 * Unpacks zstd synchronously: any number of frames, skippable ones included, split anywhere.
 * Needs `hasSyncZlib`. RFC 8878.
 */
export class ZstdDecoder implements SteppedDecoder {
  readonly #walker = new ZstdFrameWalker(2 ** ZSTD_WINDOW_LOG_MAX);
  readonly #native = new NativeDecompressor('zstd');
  readonly #output: OutputBuffer;

  constructor(output?: OutputBuffer) {
    this.#output = output ?? reusedOutput();
  }

  *steps(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    let offset = 0;
    while (offset < input.length) {
      const end = this.#walker.advance(input, offset);
      yield* this.#unpack(end === input.length ? input : input.subarray(0, end), offset);
      offset = end;
    }
  }

  write(input: Uint8Array, emit: (output: Uint8Array) => void): void {
    for (const output of this.steps(input)) emit(output);
  }

  end(): readonly Uint8Array[] {
    this.#walker.finish();
    return [];
  }

  finish(): void {
    this.end();
  }

  close(): void {
    this.#native.close();
  }

  *#unpack(input: Uint8Array, offset: number): Generator<Uint8Array, void, undefined> {
    for (;;) {
      const buffer = this.#output();
      const step = this.#native.step(input, offset, buffer);
      if (typeof step === 'string') throw corrupt('zstd', step);
      const { consumed, produced } = step;
      offset += consumed;
      if (produced > 0) yield produced === buffer.length ? buffer : buffer.subarray(0, produced);
      if (produced === buffer.length) continue;
      if (offset === input.length) return;
      if (consumed === 0 && produced === 0) throw corrupt('zstd', 'frame does not end where its blocks do');
    }
  }
}
