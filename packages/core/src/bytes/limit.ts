import { WherryError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/**
 * Passes `source` on. Throws `TOO_LARGE` as soon as there are more than `maxBytes`; `what` names the bytes
 * in the message.
 */
export async function* limit(source: ByteSource, maxBytes: number, what = 'content'): ByteSource {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maxBytes)
      throw new WherryError('TOO_LARGE', `${what}: more than ${maxBytes} bytes`, { details: { maxBytes } });
    yield chunk;
  }
}
