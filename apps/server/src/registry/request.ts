import { type ByteSource, collect, type Digest, isWherryError, parseDigest, WherryError } from '@wherry/core';
import type { FastifyRequest } from 'fastify';

/**
 * The bytes a client sends. Ends with an error when the connection breaks off. A reader that stops early
 * leaves the connection alone, so that the client can be told why.
 */
export function bodyOf(request: FastifyRequest): ByteSource {
  return { [Symbol.asyncIterator]: () => request.raw.iterator({ destroyOnReturn: false }) };
}

/** Tells whether the request has, or may have, bytes to read. */
export function hasBody(request: FastifyRequest): boolean {
  if (request.headers['transfer-encoding'] !== undefined) return true;
  return (contentLength(request) ?? 0) > 0;
}

/** The `Content-Length`, which Node has checked to be a number; absent when the body is chunked. */
export function contentLength(request: FastifyRequest): number | undefined {
  const header = request.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

/** Passes `source` on; throws `SIZE_MISMATCH` when it has more or fewer than `length` bytes. */
export async function* exactly(source: ByteSource, length: number): ByteSource {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.length;
    if (seen > length)
      throw new WherryError(
        'SIZE_MISMATCH',
        `chunk has more than the ${length} bytes its Content-Range says`,
      );
    yield chunk;
  }
  if (seen < length)
    throw new WherryError('SIZE_MISMATCH', `chunk has ${seen} bytes, its Content-Range says ${length}`);
}

/** Reads a whole body of at most `maxBytes`. Throws `TOO_LARGE`, before the first byte where the length is known. */
export async function readBody(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const length = contentLength(request);
  if (length !== undefined && length > maxBytes)
    throw new WherryError('TOO_LARGE', `body has ${length} bytes, the limit is ${maxBytes}`);
  return collect(bodyOf(request), maxBytes);
}

/** The values of a query parameter, in order. */
export function queryValues(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/**
 * The value of a query parameter. Throws `INVALID_ARGUMENT` when it has several: whoever looks at the request on
 * its way here may take another one for it.
 */
export function queryValue(request: FastifyRequest, name: string): string | undefined {
  const [value, ...others] = queryValues(request, name);
  if (others.length === 0) return value;
  throw new WherryError('INVALID_ARGUMENT', `request has ${name} more than once`);
}

/** Reads a digest that a client sent. Throws `INVALID_DIGEST`, also for an algorithm that is not known. */
export function requireDigest(text: string): Digest {
  try {
    return parseDigest(text);
  } catch (cause) {
    if (!isWherryError(cause, 'UNSUPPORTED')) throw cause;
    throw new WherryError('INVALID_DIGEST', cause.message, { cause });
  }
}
