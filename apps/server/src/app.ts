import { WherryError } from '@wherry/core';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { AccessControl } from './access/access-control.ts';
import type { Caller } from './access/caller.ts';
import { addGate } from './access/gate.ts';
import { loggableUrl } from './access/loggable-url.ts';
import type { EngineBackend } from './docker/backend.ts';
import { registerEngine } from './docker/router.ts';
import { splitVersion } from './docker/version.ts';
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
}

export interface AppSurroundings {
  /** Gets one line per finished request and per fault. */
  readonly log: (line: string) => void;
  readonly running: RunningRequests;
  /** Absent: whoever reaches the service is its owner. */
  readonly access?: AccessControl;
}

/**
 * Puts the parts together into one HTTP application, which listens nowhere yet. Request bodies reach the
 * routes as they come. Each part has its own errors and headers, and knows nothing of the others.
 */
export function buildApp(parts: AppParts, surroundings: AppSurroundings): FastifyInstance {
  const { log } = surroundings;
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: MAX_PATH_LENGTH },
    rewriteUrl: ({ url = '/' }) => splitVersion(url).path || '/',
    frameworkErrors: (error, _request, reply) => {
      sendError(reply as FastifyReply, toErrorAnswer(error));
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.decorateRequest('caller', null as unknown as Caller);
  app.setErrorHandler((error, _request, reply) => sendError(reply, toErrorAnswer(error)));
  addGate(app, surroundings.access);
  app.addHook('onResponse', async (request, reply) => {
    const ms = Math.round(reply.elapsedTime);
    log(`${request.method} ${loggableUrl(request.originalUrl)} ${reply.statusCode} ${ms} ms`);
  });
  refuseForeignPages(app);
  app.setNotFoundHandler((request, reply) => {
    const url = request.originalUrl.slice(0, 300);
    return sendError(reply, answer(404, 'UNSUPPORTED', `no such endpoint: ${request.method} ${url}`));
  });
  app.register(async (part) => registerRegistry(part, parts.registry, surroundings));
  const { engine } = parts;
  if (engine) app.register(async (part) => registerEngine(part, engine, surroundings));
  return app;
}

/** A page of another site may make a browser send requests here, which is no business of its. */
function refuseForeignPages(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { origin, host } = request.headers;
    if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
    throw new WherryError('DENIED', 'requests from pages of other sites are refused');
  });
}
