import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { BlobInfo, ByteRange } from './blob-store.ts';

/** What is known of a blob before it is written. */
export interface ExpectedBlob {
  readonly digest?: Digest | undefined;
  readonly size?: number | undefined;
}

/** The blob as messages name it. */
export function blobSubject(digest: Digest | undefined): string {
  return digest === undefined ? 'blob' : `blob ${digest}`;
}

/** Throws `SIZE_MISMATCH` when a blob of `size` bytes, or more, is not the expected one. */
export function verifyNotLonger(size: number, expected: ExpectedBlob): void {
  if (expected.size === undefined || size <= expected.size) return;
  throw new WherryError(
    'SIZE_MISMATCH',
    `${blobSubject(expected.digest)}: size at least ${size}, want ${expected.size}`,
  );
}

/**
 * Compares what the hash has seen with the bytes written and with what was expected. Throws
 * `SIZE_MISMATCH` or `DIGEST_MISMATCH`.
 */
export function verifyWritten(found: BlobInfo, written: number, expected: ExpectedBlob): void {
  const subject = blobSubject(expected.digest ?? found.digest);
  if (expected.size !== undefined && written !== expected.size)
    throw new WherryError('SIZE_MISMATCH', `${subject}: size ${written}, want ${expected.size}`);
  if (found.size !== written)
    throw new WherryError(
      'SIZE_MISMATCH',
      `${subject}: size ${written}, but ${found.size} bytes were hashed`,
    );
  if (expected.digest !== undefined && found.digest !== expected.digest)
    throw new WherryError('DIGEST_MISMATCH', `${subject}: content has digest ${found.digest}`);
}

/** Start and end within a blob of `size` bytes. Throws `INVALID_RANGE`. */
export function resolveRange(
  digest: Digest,
  size: number,
  range: ByteRange = { start: 0 },
): Required<ByteRange> {
  const { start, end = size } = range;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= size)
    return { start, end };
  throw new WherryError('INVALID_RANGE', `blob ${digest}: range ${start}-${end} is not within size ${size}`);
}

export function blobUnknown(digest: Digest, cause?: unknown): WherryError {
  return new WherryError('BLOB_UNKNOWN', `blob ${digest} not found`, { details: { digest }, cause });
}
