import { type ByteRange, WherryError } from '@wherry/core';

/** The range of a `Range` header that can be served, or why the answer is not a part. */
export type RequestedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: Required<ByteRange> }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RequestedRange = { kind: 'whole' };

/**
 * Reads a `Range` header for `size` bytes. What is malformed, in another unit or asks for several parts is
 * answered with the whole, as RFC 9110 section 14.2 allows.
 */
export function parseRange(header: string | undefined, size: number): RequestedRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (!match) return WHOLE;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return WHOLE;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'unsatisfiable' } : part(size - length, size);
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return WHOLE;
  if (start >= size) return { kind: 'unsatisfiable' };
  return part(start, last === '' ? size : Math.min(Number(last) + 1, size));
}

function part(start: number, end: number): RequestedRange {
  return { kind: 'part', range: { start, end } };
}

/** A chunk's place in its blob. */
export interface ChunkPlace {
  readonly startAt: number;
  readonly length: number;
}

/**
 * Reads the `Content-Range` of an uploaded chunk: `<first>-<last>`, both inclusive, without a unit; HTTP's own
 * form, `bytes <first>-<last>/<size or *>`, is taken too. Throws `INVALID_RANGE`.
 * OCI distribution-spec v1.1, "Pushing a blob in chunks".
 */
export function parseContentRange(header: string): ChunkPlace {
  const match = /^(?:bytes )?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || last < first)
    throw new WherryError('INVALID_RANGE', `invalid Content-Range ${JSON.stringify(header.slice(0, 100))}`);
  return { startAt: first, length: last - first + 1 };
}

/** The `Range` of an answer about an upload; registries say `0-0` of an empty one too. */
export function uploadRange(offset: number): string {
  return `0-${Math.max(0, offset - 1)}`;
}

/** Tells whether an `If-None-Match` header names `etag`, in its weak form too, or anything. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
