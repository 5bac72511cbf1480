import { type BlobInfo, type ByteRange, type Digest, WherryError } from '@wherry/core';
import type { FastifyReply } from 'fastify';
import { type AccelRedirect, accelLocation } from '../accel-redirect.ts';
import type { BlobBackend } from '../backend.ts';
import type { EndpointOf } from '../endpoints.ts';
import { matchesEtag, parseRange } from '../headers.ts';
import { requireDigest } from '../request.ts';
import { accessOf } from '../rights.ts';
import type { Exchange, Handlers } from '../route.ts';
import { sendBody } from '../send-body.ts';

type BlobExchange = Exchange<EndpointOf<'blob'>>;

/**
 * Blobs: read (end-2) and deleted (end-10). Whoever may read the whole store finds each of its blobs in every
 * repository: a client that hears of a blob it meant to push need not send it.
 */
export function blobRoutes(backend: BlobBackend, accelRedirect: AccelRedirect): Handlers<'blob'> {
  return {
    HEAD: async (exchange) => {
      const blob = await findBlob(backend, exchange);
      if (isFresh(exchange, blob)) return exchange.reply.code(304).send();
      return exchange.reply.header('content-length', blob.size).send();
    },
    GET: async (exchange) => {
      const { reply, request } = exchange;
      const blob = await findBlob(backend, exchange);
      if (isFresh(exchange, blob)) return reply.code(304).send();
      const requested = parseRange(rangeHeader(exchange, blob), blob.size);
      if (requested.kind === 'unsatisfiable') {
        const problem = `range is outside the blob's ${blob.size} bytes`;
        reply.header('content-range', `bytes */${blob.size}`);
        throw new WherryError('INVALID_RANGE', problem, { details: { size: blob.size } });
      }
      const location = accelLocation(accelRedirect, backend, request, blob);
      // The proxy says by itself that it takes ranges, and would say it twice.
      if (location !== undefined)
        return reply.removeHeader('accept-ranges').header('x-accel-redirect', location).send();
      if (requested.kind === 'whole')
        return sendBytes(backend, reply.header('content-length', blob.size), blob);
      const { start, end } = requested.range;
      reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${blob.size}`);
      return sendBytes(backend, reply.header('content-length', end - start), blob, requested.range);
    },
    DELETE: async ({ endpoint, request, reply }) => {
      const digest = requireDigest(endpoint.digest);
      const deleted = await backend.deleteBlob(digest, accessOf(request.caller, endpoint.name));
      if (!deleted) throw blobUnknown(digest);
      return reply.code(202).send();
    },
  };
}

async function findBlob(backend: BlobBackend, { endpoint, request, reply }: BlobExchange): Promise<BlobInfo> {
  const digest = requireDigest(endpoint.digest);
  const blob = await backend.findBlob(digest, accessOf(request.caller, endpoint.name));
  if (!blob) throw blobUnknown(digest);
  reply
    .header('docker-content-digest', digest)
    .header('etag', etagOf(blob))
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'max-age=31536000, immutable')
    .type('application/octet-stream');
  return blob;
}

function blobUnknown(digest: Digest): WherryError {
  return new WherryError('BLOB_UNKNOWN', `blob ${digest} unknown to registry`, { details: { digest } });
}

async function sendBytes(
  backend: BlobBackend,
  reply: FastifyReply,
  blob: BlobInfo,
  range?: ByteRange,
): Promise<FastifyReply> {
  const small = await backend.readSmallBlob(blob);
  if (small) return reply.send(range ? small.subarray(range.start, range.end) : small);
  const { start = 0, end = blob.size } = range ?? {};
  return sendBody(reply, end - start, (sink) => backend.sendBlob(blob, { start, end }, sink));
}

function isFresh({ request }: BlobExchange, blob: BlobInfo): boolean {
  return matchesEtag(request.headers['if-none-match'], etagOf(blob));
}

/** A range is for the blob the client has part of; digests as entity tags make a wrong one unlikely. */
function rangeHeader({ request }: BlobExchange, blob: BlobInfo): string | undefined {
  const condition = request.headers['if-range'];
  return condition === undefined || condition === etagOf(blob) ? request.headers.range : undefined;
}

function etagOf(blob: BlobInfo): string {
  return `"${blob.digest}"`;
}
