/**
 * The currency of core: chunks of bytes, with back-pressure, errors as throws and clean-up in `return()`.
 * A chunk belongs to the receiver and is never written again after it is yielded; chunks may split anywhere.
 */
export type ByteSource = AsyncIterable<Uint8Array>;
