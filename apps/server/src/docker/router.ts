import { WherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../operating/logger.ts';
import type { RunningRequests } from '../running-requests.ts';
import { answerErrors } from './answer-errors.ts';
import type { EngineBackend } from './backend.ts';
import { toEngineErrorAnswer } from './errors.ts';
import { EventLog } from './events/event-log.ts';
import { registerLibpod } from './libpod/router.ts';
import { absentRoutes } from './routes/absent.ts';
import { buildRoutes } from './routes/build.ts';
import { commitRoutes } from './routes/commit.ts';
import { containerRoutes } from './routes/containers.ts';
import { diskUsageRoutes } from './routes/disk-usage.ts';
import { eventRoutes } from './routes/events.ts';
import { imageByNameRoutes } from './routes/image-by-name.ts';
import { imageTransferRoutes } from './routes/image-transfer.ts';
import { imageRoutes } from './routes/images.ts';
import { networkRoutes } from './routes/networks.ts';
import { registryRoutes } from './routes/registries.ts';
import { systemRoutes } from './routes/system.ts';
import { volumeRoutes } from './routes/volumes.ts';
import { API_VERSION, type ApiVersion, requireVersion, splitVersion } from './version.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the client speaks; routes shape their answers after it. */
    apiVersion: ApiVersion;
  }
  interface FastifyInstance {
    /** What has happened, for `/events`: routes that change something add to it. */
    engineEvents: EventLog;
  }
}

export interface EngineSurroundings {
  /** Gets a line per fault of ours. */
  readonly log: Pick<Logger, 'error'>;
  readonly running: RunningRequests;
}

const JSON_WITH_CHARSET = 'application/json; charset=utf-8';

/** Each file of routes registers itself by one function of this form. */
type Routes = (app: FastifyInstance, backend: EngineBackend, surroundings: EngineSurroundings) => void;

const ROUTES: readonly Routes[] = [
  systemRoutes,
  diskUsageRoutes,
  eventRoutes,
  registryRoutes,
  imageRoutes,
  imageTransferRoutes,
  imageByNameRoutes,
  containerRoutes,
  buildRoutes,
  commitRoutes,
  volumeRoutes,
  networkRoutes,
  absentRoutes,
];

/**
 * Adds the Docker Engine API, each route with and without a version before it: the application takes the
 * version off a path before it looks for its route.
 */
export function registerEngine(
  app: FastifyInstance,
  backend: EngineBackend,
  surroundings: EngineSurroundings,
): void {
  app.decorate('engineEvents', new EventLog());
  // Docker ends its documents with a line end, and names no character set.
  app.setReplySerializer((payload) => `${JSON.stringify(payload)}\n`);
  app.addHook('onSend', async (_request, reply) => {
    if (reply.getHeader('content-type') === JSON_WITH_CHARSET)
      reply.header('content-type', 'application/json');
  });
  app.decorateRequest('apiVersion', null as unknown as ApiVersion);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('api-version', API_VERSION).header('ostype', 'linux').header('server', 'wherry');
    request.apiVersion = splitVersion(request.originalUrl).version;
    requireVersion(request.apiVersion);
    reply.header('docker-experimental', 'false');
    if (!request.caller.mayUseEngine)
      throw new WherryError(
        'DENIED',
        'the Engine API takes a Unix socket (wherry serve --addr unix:///PATH), a client certificate, or a token made with --allow engine',
      );
  });
  answerErrors(app, surroundings, toEngineErrorAnswer);
  for (const register of ROUTES) register(app, backend, surroundings);
  app.register(async (part) => registerLibpod(part, backend, surroundings));
}
