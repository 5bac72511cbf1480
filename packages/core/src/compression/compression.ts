/** How a layer or an archive may be packed. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/**
 * Unpacks one stream synchronously, for threads that have nothing else to do. What `emit` gets is valid
 * during the call only. Concatenated members and frames are one stream.
 */
export interface Decoder {
  /** Bytes behind the end of the stream that were passed over, where the format leaves room for any. */
  readonly ignoredBytes?: number;
  /** Throws `CORRUPT` for what is not of the format. */
  write(input: Uint8Array, emit: (output: Uint8Array) => void): void;
  /** Throws `TRUNCATED` when the stream is not complete. */
  finish(emit: (output: Uint8Array) => void): void;
  /** Frees native memory; also after an error. */
  close(): void;
}

/** A decoder whose output can be drawn piece by piece, so that a caller may stop or wait between pieces. */
export interface SteppedDecoder extends Decoder {
  /** What `input` unpacks to. A piece is valid until the next one is drawn; draw them all before going on. */
  steps(input: Uint8Array): Iterable<Uint8Array>;
  /** What is left when the input has ended. Throws `TRUNCATED` when the stream is not complete. */
  end(): Iterable<Uint8Array>;
}

/** Where a decoder puts its next output: asked once per piece, at least 1 KiB long. */
export type OutputBuffer = () => Uint8Array;

/** Size of a decoder's output pieces: zlib's default of 16 KiB costs nearly twice the time. */
export const OUTPUT_BUFFER_BYTES = 256 * 1024;

/** One buffer, used again for every piece. */
export function reusedOutput(): OutputBuffer {
  const buffer = new Uint8Array(OUTPUT_BUFFER_BYTES);
  return () => buffer;
}
