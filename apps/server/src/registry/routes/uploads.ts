import { type Digest, isWherryError, type UploadChunk, WherryError } from '@wherry/core';
import type { FastifyReply } from 'fastify';
import type { UploadBackend } from '../backend.ts';
import type { EndpointOf } from '../endpoints.ts';
import { parseContentRange, uploadRange } from '../headers.ts';
import { bodyOf, contentLength, exactly, hasBody, queryValue, requireDigest } from '../request.ts';
import { accessOf } from '../rights.ts';
import type { Exchange, Handlers } from '../route.ts';

const ALGORITHMS = ['sha256', 'sha512'];

type UploadExchange = Exchange<EndpointOf<'upload'>>;

/** Where uploads begin: a session (end-4a), a whole blob at once (end-4b), or a mount (end-11). */
export function uploadsRoutes(backend: UploadBackend): Handlers<'uploads'> {
  return {
    POST: async ({ endpoint, request, reply }) => {
      const { name } = endpoint;
      const access = accessOf(request.caller, name);
      const mount = queryValue(request, 'mount');
      if (mount !== undefined) {
        const digest = requireDigest(mount);
        // The blob need not be in the repository that `from` names, if the caller can read it in some other.
        if (await backend.mountBlob(digest, access)) return sendCreated(reply, name, digest);
      }
      const text = queryValue(request, 'digest');
      requireAlgorithm(queryValue(request, 'digest-algorithm'), text);
      if (text === undefined || mount !== undefined)
        return sendProgress(reply.code(202), name, await backend.startUpload(name), 0);
      const digest = requireDigest(text);
      await backend.putBlob(digest, { body: bodyOf(request), isOwned: true }, access);
      return sendCreated(reply, name, digest);
    },
  };
}

/** One session: append (end-5), finish (end-6), status (end-13), cancel (end-14). */
export function uploadRoutes(backend: UploadBackend): Handlers<'upload'> {
  return {
    GET: async ({ endpoint: { name, id }, reply }) =>
      sendProgress(reply.code(204), name, id, await backend.uploadOffset(id, name)),
    PATCH: async (exchange) => {
      const { name, id } = exchange.endpoint;
      const offset = await naming(exchange, () => backend.appendUpload(id, chunkOf(exchange), name));
      return sendProgress(exchange.reply.code(202), name, id, offset);
    },
    PUT: async (exchange) => {
      const { endpoint, request, reply } = exchange;
      const text = queryValue(request, 'digest');
      if (text === undefined)
        throw new WherryError('INVALID_DIGEST', 'the request that ends an upload has no digest');
      const digest = requireDigest(text);
      const last = hasBody(request) ? chunkOf(exchange) : undefined;
      const access = accessOf(request.caller, endpoint.name);
      await naming(exchange, () => backend.commitUpload(endpoint.id, digest, last, access));
      return sendCreated(reply, endpoint.name, digest);
    },
    DELETE: async ({ endpoint, reply }) => {
      await backend.cancelUpload(endpoint.id, endpoint.name);
      return reply.code(204).send();
    },
  };
}

/** Any session may end with a digest of any of these: to say which is to ask whether we know it (end-4c). */
function requireAlgorithm(algorithm: string | undefined, digest: string | undefined): void {
  if (algorithm === undefined) return;
  const isOther = digest !== undefined && !digest.startsWith(`${algorithm}:`);
  if (ALGORITHMS.includes(algorithm) && !isOther) return;
  throw new WherryError(
    'INVALID_DIGEST',
    `digest algorithm ${JSON.stringify(algorithm.slice(0, 50))} ${isOther ? 'is not that of the digest' : 'is not supported'}`,
    { hint: `the algorithms are ${ALGORITHMS.join(' and ')}` },
  );
}

/** The chunk in a request: at the place its `Content-Range` says; without one, wherever the session stands. */
function chunkOf({ request }: UploadExchange): UploadChunk {
  const header = request.headers['content-range'];
  if (header === undefined) return { body: bodyOf(request), isOwned: true };
  const { startAt, length } = parseContentRange(header);
  const sent = contentLength(request);
  if (sent !== undefined && sent !== length)
    throw new WherryError('SIZE_MISMATCH', `chunk has ${sent} bytes, its Content-Range says ${length}`);
  return { body: exactly(bodyOf(request), length), startAt, isOwned: true };
}

/** A client whose chunk begins elsewhere hears where the session stands. */
async function naming<T>({ endpoint, reply }: UploadExchange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isWherryError(error, 'INVALID_RANGE') && typeof error.details.offset === 'number')
      withProgress(reply, endpoint.name, endpoint.id, error.details.offset);
    throw error;
  }
}

async function sendProgress(
  reply: FastifyReply,
  name: string,
  id: string,
  offset: number,
): Promise<FastifyReply> {
  return withProgress(reply, name, id, offset).send();
}

function withProgress(reply: FastifyReply, name: string, id: string, offset: number): FastifyReply {
  return reply
    .header('location', `/v2/${name}/blobs/uploads/${id}`)
    .header('range', uploadRange(offset))
    .header('docker-upload-uuid', id);
}

async function sendCreated(reply: FastifyReply, name: string, digest: Digest): Promise<FastifyReply> {
  return reply
    .code(201)
    .header('location', `/v2/${name}/blobs/${digest}`)
    .header('docker-content-digest', digest)
    .send();
}
