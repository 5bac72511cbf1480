import { WherryError } from '../errors.ts';
import type { Compression } from './compression.ts';

/** The stream ended inside of a member, frame or block. Go's wording, which Docker passes on. */
export function truncated(compression: Compression): WherryError {
  return new WherryError('TRUNCATED', 'unexpected EOF', { details: { compression } });
}

/** The stream breaks its format's rules; `detail` says which. */
export function corrupt(compression: Compression, detail: string, cause?: unknown): WherryError {
  return new WherryError('CORRUPT', `${compression}: ${detail}`, { details: { compression }, cause });
}
