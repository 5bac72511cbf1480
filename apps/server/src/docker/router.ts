import { WherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../operating/logger.ts';
import { loggablePath } from '../operating/request-path.ts';
import type { RunningRequests } from '../running-requests.ts';
import type { EngineBackend } from './backend.ts';
import { toEngineErrorAnswer } from './errors.ts';
import { systemRoutes } from './routes/system.ts';
import { API_VERSION, type ApiVersion, requireVersion, splitVersion } from './version.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the client speaks; routes shape their answers after it. */
    apiVersion: ApiVersion;
  }
}

export interface EngineSurroundings {
  /** Gets a line per fault of ours. */
  readonly log: Pick<Logger, 'error'>;
  readonly running: RunningRequests;
}

/**
 * Adds the Docker Engine API, each route with and without a version before it: the application takes the
 * version off a path before it looks for its route.
 */
export function registerEngine(
  app: FastifyInstance,
  _backend: EngineBackend,
  { log }: EngineSurroundings,
): void {
  app.decorateRequest('apiVersion', null as unknown as ApiVersion);
  app.addHook('onRequest', async (request, reply) => {
    reply
      .header('api-version', API_VERSION)
      .header('docker-experimental', 'false')
      .header('ostype', 'linux')
      .header('server', 'wherry');
    request.apiVersion = splitVersion(request.originalUrl).version;
    requireVersion(request.apiVersion);
    if (!request.caller.mayUseEngine)
      throw new WherryError('DENIED', 'the Engine API is not open to this caller');
  });
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = toEngineErrorAnswer(error);
    if (status >= 500 && status !== 501)
      log.error(`${request.method} ${loggablePath(request.url)}: ${String(error)}`, { id: request.id });
    return reply.code(status).type('application/json').send(body);
  });
  systemRoutes(app);
}
