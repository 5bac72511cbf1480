/** How a layer or an archive may be packed. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/**
 * Unpacks one stream synchronously, for threads that have nothing else to do. What `emit` gets is valid
 * during the call only. Concatenated members and frames are one stream.
 */
export interface Decoder {
  /** Throws `CORRUPT` for what is not of the format. */
  write(input: Uint8Array, emit: (output: Uint8Array) => void): void;
  /** Throws `TRUNCATED` when the stream is not complete. */
  finish(emit: (output: Uint8Array) => void): void;
  /** Frees native memory; also after an error. */
  close(): void;
}
