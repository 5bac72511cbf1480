import type { Digest, Hasher } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/** What a blob must be; a descriptor is one. */
export interface ExpectedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/**
 * Passes a blob on and verifies it against `expected`. Throws `SIZE_MISMATCH` as soon as there are too
 * many bytes, and at the end `SIZE_MISMATCH` or `DIGEST_MISMATCH` instead of ending: who has seen the end
 * may commit. `hasher` is a fresh one of the digest's algorithm.
 */
export async function* verifyBlob(source: ByteSource, expected: ExpectedBlob, hasher: Hasher): ByteSource {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > expected.size) throw sizeMismatch(expected, size);
    hasher.update(chunk);
    yield chunk;
  }
  if (size !== expected.size) throw sizeMismatch(expected, size);
  const digest = hasher.digest();
  if (digest !== expected.digest) {
    throw new WherryError('DIGEST_MISMATCH', `blob ${expected.digest}: digest ${digest}`, {
      details: { want: expected.digest, got: digest },
    });
  }
}

function sizeMismatch(expected: ExpectedBlob, size: number): WherryError {
  return new WherryError('SIZE_MISMATCH', `blob ${expected.digest}: size ${size}, want ${expected.size}`, {
    details: { digest: expected.digest, want: expected.size, got: size },
  });
}
