import type { ByteSource } from './byte-source.ts';
import { concatBytes } from './concat.ts';
import { limit } from './limit.ts';

/**
 * Reads a whole document into memory; blobs are never collected. Throws `TOO_LARGE` beyond `maxBytes`;
 * `what` names the document in the message.
 */
export async function collect(source: ByteSource, maxBytes: number, what?: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of limit(source, maxBytes, what)) chunks.push(chunk);
  return concatBytes(chunks);
}
