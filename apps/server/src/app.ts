import { WherryError } from '@wherry/core';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { AccessControl } from './access/access-control.ts';
import type { Caller } from './access/caller.ts';
import { addGate } from './access/gate.ts';
import type { EngineBackend } from './docker/backend.ts';
import { registerEngine } from './docker/router.ts';
import { pageNotFound } from './docker/routes/absent.ts';
import { splitVersion } from './docker/version.ts';
import { countedMirror } from './mirror/counted-mirror.ts';
import { type MirrorParts, mirrorRouter } from './mirror/router.ts';
import type { Logger } from './operating/logger.ts';
import { type Metrics, NO_METRICS } from './operating/metrics.ts';
import { requestIds } from './operating/request-id.ts';
import { observeRequests } from './operating/request-observer.ts';
import { type OperatingBackend, registerOperating } from './operating/router.ts';
import type { AccelRedirect } from './registry/accel-redirect.ts';
import type { RegistryBackend } from './registry/backend.ts';
import { answer, toErrorAnswer } from './registry/errors.ts';
import { registerRegistry, sendError } from './registry/router.ts';
import type { RunningRequests } from './running-requests.ts';

/** The whole path behind `/v2/` is one parameter to the router; longer ones get its 414. */
const MAX_PATH_LENGTH = 4096;

/** What the application serves: a part that is absent has no routes. */
export interface AppParts {
  readonly registry: RegistryBackend;
  readonly engine?: EngineBackend;
  readonly operating?: OperatingBackend;
  /** Other registries, behind the same API. */
  readonly mirror?: MirrorParts;
}

export interface AppSurroundings {
  /** Gets a line per finished request and per fault. */
  readonly log: Logger;
  readonly running: RunningRequests;
  /** Absent: nothing is counted. */
  readonly metrics?: Metrics;
  /** Absent: blobs are sent from here. */
  readonly accelRedirect?: AccelRedirect;
  /** Absent: whoever reaches the service is its owner. */
  readonly access?: AccessControl;
}

/**
 * Puts the parts together into one HTTP application, which listens nowhere yet. Request bodies reach the
 * routes as they come. Each part has its own errors and headers, and knows nothing of the others.
 */
export function buildApp(parts: AppParts, surroundings: AppSurroundings): FastifyInstance {
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    genReqId: requestIds(),
    // A request on a connection that was kept is answered while the service stops, and then the connection ends.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PATH_LENGTH },
    rewriteUrl: ({ url = '/' }) => splitVersion(url).path || '/',
    frameworkErrors: (error, _request, reply) => {
      sendError(reply as FastifyReply, toErrorAnswer(error));
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.decorateRequest('caller', null as unknown as Caller);
  const { metrics = NO_METRICS } = surroundings;
  observeRequests(app, surroundings.log, metrics);
  app.setErrorHandler((error, _request, reply) => sendError(reply, toErrorAnswer(error)));
  addGate(app, surroundings.access);
  refuseForeignPages(app);
  app.setNotFoundHandler((request, reply) => {
    if (parts.engine && !request.originalUrl.startsWith('/v2/')) return pageNotFound(reply);
    const url = request.originalUrl.slice(0, 300);
    return sendError(reply, answer(404, 'UNSUPPORTED', `no such endpoint: ${request.method} ${url}`));
  });
  const { engine, mirror, operating, registry } = parts;
  const takeMirrored = mirror && {
    takeMirrored: mirrorRouter({ ...mirror, backend: countedMirror(mirror.backend, metrics) }, registry),
  };
  app.register(async (part) => registerRegistry(part, registry, { ...surroundings, ...takeMirrored }));
  if (operating) app.register(async (part) => registerOperating(part, operating));
  if (engine) app.register(async (part) => registerEngine(part, engine, surroundings));
  return app;
}

/** A page of another site may make a browser send requests here, which is no business of its. */
function refuseForeignPages(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { origin, host } = request.headers;
    if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) done();
    else done(new WherryError('DENIED', 'requests from pages of other sites are refused'));
  });
}
