import type { ByteSource } from './byte-source.ts';

/** Makes a source of the chunks given; strings become UTF-8. */
export async function* bytesOf(...chunks: readonly (Uint8Array | string)[]): ByteSource {
  for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
}
