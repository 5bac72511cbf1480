import { type OutputBuffer, reusedOutput, type SteppedDecoder } from './compression.ts';
import { corrupt } from './failures.ts';
import { GzipFraming, type GzipOptions } from './gzip-framing.ts';
import { NativeDecompressor } from './native-handle.ts';

/**
 * Unpacks gzip synchronously. Concatenated members are one stream; what follows the last complete member and
 * is not a member is ignored. Needs `hasSyncZlib`. RFC 1952.
 */
export class GzipDecoder implements SteppedDecoder {
  readonly #framing: GzipFraming;
  readonly #inflate = new NativeDecompressor('deflate-raw');
  readonly #output: OutputBuffer;
  #passedOver = 0;

  constructor(output?: OutputBuffer, options?: GzipOptions) {
    this.#framing = new GzipFraming(options);
    this.#output = output ?? reusedOutput();
  }

  *steps(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    const framing = this.#framing;
    let offset = 0;
    while (offset < input.length && framing.phase !== 'ignored') {
      if (framing.phase === 'header') offset = framing.takeHeader(input, offset);
      else if (framing.phase === 'trailer') offset = framing.takeTrailer(input, offset);
      else offset = yield* this.#inflateFrom(input, offset);
    }
    this.#passedOver += input.length - offset;
  }

  get ignoredBytes(): number {
    return this.#framing.mistakenBytes + this.#passedOver;
  }

  write(input: Uint8Array, emit: (output: Uint8Array) => void): void {
    for (const output of this.steps(input)) emit(output);
  }

  end(): readonly Uint8Array[] {
    this.#framing.finish();
    return [];
  }

  finish(): void {
    this.end();
  }

  close(): void {
    this.#inflate.close();
  }

  *#inflateFrom(input: Uint8Array, offset: number): Generator<Uint8Array, number, undefined> {
    for (;;) {
      const buffer = this.#output();
      const step = this.#inflate.step(input, offset, buffer);
      if (typeof step === 'string') throw corrupt('gzip', step);
      const { consumed, produced } = step;
      offset += consumed;
      if (produced > 0) {
        const output = produced === buffer.length ? buffer : buffer.subarray(0, produced);
        this.#framing.countOutput(output);
        yield output;
      }
      if (produced === buffer.length) continue;
      // Room left and input left: inflate wants no more, so the deflate stream has ended. When both ran out
      // together that shows with the next input, for a trailer has to follow.
      if (offset < input.length) {
        this.#framing.endBody();
        this.#inflate.reset();
      }
      return offset;
    }
  }
}
