import type { FastifyInstance } from 'fastify';
import { answerErrors } from '../answer-errors.ts';
import type { EngineBackend } from '../backend.ts';
import type { EngineSurroundings } from '../router.ts';
import { libpodArchiveRoutes } from './archives.ts';
import { libpodImageByNameRoutes } from './image-by-name.ts';
import { libpodImageRoutes } from './images.ts';
import { toLibpodErrorAnswer } from './libpod-error.ts';
import { LIBPOD_VERSION } from './libpod-version.ts';
import { libpodLookupRoutes } from './lookups.ts';
import { notSpoken } from './not-spoken.ts';
import { libpodPullRoute } from './pull.ts';
import { libpodRemovalRoutes } from './removal.ts';
import { libpodSystemRoutes } from './system.ts';

/** Each file of routes registers itself by one function of this form. */
type Routes = (app: FastifyInstance, backend: EngineBackend) => void;

const ROUTES: readonly Routes[] = [
  libpodSystemRoutes,
  libpodLookupRoutes,
  libpodImageRoutes,
  libpodRemovalRoutes,
  libpodPullRoute,
  libpodArchiveRoutes,
  libpodImageByNameRoutes,
];

/** Adds what there is of podman's own API, each route with and without a version of three parts before it. */
export function registerLibpod(
  app: FastifyInstance,
  backend: EngineBackend,
  surroundings: EngineSurroundings,
): void {
  app.addHook('onRequest', async (request, reply) => {
    const { version = LIBPOD_VERSION } = request.params as { readonly version?: string };
    reply.header('libpod-api-version', version);
  });
  answerErrors(app, surroundings, toLibpodErrorAnswer);
  for (const prefix of ['/libpod', '/v:version(^\\d+\\.\\d+\\.\\d+$)/libpod'])
    app.register(
      async (part) => {
        for (const register of ROUTES) register(part, backend);
        part.all('/*', async () => {
          throw notSpoken();
        });
      },
      { prefix },
    );
}
