import { isErrno, isWherryError, WherryError } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TakeMirrored, TakenRequest } from '../mirror/router.ts';
import type { Logger } from '../operating/logger.ts';
import { loggablePath } from '../operating/request-path.ts';
import type { RunningRequests } from '../running-requests.ts';
import type { AccelRedirect } from './accel-redirect.ts';
import type { RegistryBackend } from './backend.ts';
import { type Endpoint, parseEndpoint } from './endpoints.ts';
import { answer, type ErrorAnswer, toErrorAnswer } from './errors.ts';
import { requireRight } from './rights.ts';
import type { Handler, Handlers, Method } from './route.ts';
import { blobRoutes } from './routes/blobs.ts';
import { catalogRoutes } from './routes/catalog.ts';
import { manifestRoutes } from './routes/manifests.ts';
import { referrerRoutes } from './routes/referrers.ts';
import { registerSearch } from './routes/search.ts';
import { tagRoutes } from './routes/tags.ts';
import { uploadRoutes, uploadsRoutes } from './routes/uploads.ts';
import { sendSmall } from './send-small.ts';

type HandlerTable = { readonly [K in Endpoint['kind']]: Handlers<K> };

const API_HEADER = ['docker-distribution-api-version', 'registry/2.0'] as const;
const JSON_TYPE = 'application/json; charset=utf-8';
const METHODS: Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export interface RegistrySurroundings {
  /** Gets a line per fault of ours. */
  readonly log: Pick<Logger, 'error'>;
  readonly running: RunningRequests;
  /** Takes the requests that are for another registry; absent: none is mirrored. */
  readonly takeMirrored?: TakeMirrored;
  /** Absent: blobs are sent from here. */
  readonly accelRedirect?: AccelRedirect;
}

/**
 * Adds the OCI registry API below `/v2/`. Repository names have any number of parts, which a router's
 * patterns do not express, so that one route takes all and `parseEndpoint` tells them apart.
 * OCI distribution-spec v1.1, "Endpoints".
 */
export function registerRegistry(
  app: FastifyInstance,
  backend: RegistryBackend,
  { log, running, takeMirrored, accelRedirect = () => undefined }: RegistrySurroundings,
): void {
  const handlers = handlerTable(backend, accelRedirect);
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header(...API_HEADER);
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = toErrorAnswer(error);
    if (status >= 500 && !isDisconnect(error)) logFault(log, request, error);
    return sendError(reply, { status, body });
  });
  const serve = (request: FastifyRequest, reply: FastifyReply, path: string, mirrored?: TakenRequest) => {
    const endpoint = mirrored?.endpoint ?? parseEndpoint(path);
    if (!endpoint) return sendError(reply, noSuchEndpoint(request));
    const ofEndpoint = (mirrored ? handlerTable(mirrored.backend, accelRedirect) : handlers)[endpoint.kind];
    // The table pairs every kind with handlers of that kind; the compiler cannot follow the pairing.
    const handler = ofEndpoint[request.method as Method] as Handler<Endpoint> | undefined;
    // The mirror has asked by the upstream's name, which is another.
    if (!mirrored) requireRight(request.caller, endpoint, request.method);
    if (handler) return handler({ endpoint, request, reply });
    reply.header('allow', Object.keys(ofEndpoint).join(', '));
    throw new WherryError('UNSUPPORTED', `${request.method} is not supported on ${describeKind(endpoint)}`);
  };
  const handle = (request: FastifyRequest, reply: FastifyReply) => {
    const { '*': path = '' } = request.params as { '*'?: string };
    if (!takeMirrored) return serve(request, reply, path);
    return takeMirrored(request, reply, path).then((mirrored) => serve(request, reply, path, mirrored));
  };
  const followed = (request: FastifyRequest, reply: FastifyReply) => {
    const answered = handle(request, reply);
    return answered instanceof Promise ? running.follow(answered) : undefined;
  };
  for (const url of ['/v2', '/v2/*']) app.route({ method: METHODS, url, handler: followed });
  registerSearch(app, backend);
}

/** Answers with the specification's error document. */
export function sendError(reply: FastifyReply, { status, body }: ErrorAnswer): FastifyReply {
  reply.request.failure = body.errors.map(({ code, message }) => `${code}: ${message}`).join('; ');
  // What a handler said of a body that is not sent now.
  reply.removeHeader('content-length').removeHeader('etag').removeHeader('cache-control');
  return reply
    .header(...API_HEADER)
    .code(status)
    .type(JSON_TYPE)
    .send(body);
}

function handlerTable(backend: RegistryBackend, accelRedirect: AccelRedirect): HandlerTable {
  return {
    base: {
      GET: async ({ reply }) => sendSmall(reply.type(JSON_TYPE), '{}'),
      HEAD: ({ reply }) => reply.send(),
    },
    blob: blobRoutes(backend, accelRedirect),
    manifest: manifestRoutes(backend),
    uploads: uploadsRoutes(backend),
    upload: uploadRoutes(backend),
    tags: tagRoutes(backend),
    referrers: referrerRoutes(backend),
    catalog: catalogRoutes(backend),
  };
}

function noSuchEndpoint(request: FastifyRequest): ErrorAnswer {
  return answer(404, 'UNSUPPORTED', `no such endpoint: ${request.method} ${request.url.slice(0, 300)}`);
}

function describeKind(endpoint: Endpoint): string {
  if (endpoint.kind === 'base') return 'the registry itself';
  return endpoint.kind === 'catalog' ? 'the catalogue' : `${endpoint.kind} of ${endpoint.name}`;
}

function logFault(log: Pick<Logger, 'error'>, request: FastifyRequest, error: unknown): void {
  log.error(`${request.method} ${loggablePath(request.url)}: ${describe(error)}`, { id: request.id });
}

/** The client is gone: nobody is left to answer, and nothing of ours failed. */
function isDisconnect(error: unknown): boolean {
  return isErrno(error, 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE');
}

function describe(error: unknown): string {
  if (isWherryError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
