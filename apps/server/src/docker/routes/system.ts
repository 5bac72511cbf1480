import type { FastifyInstance } from 'fastify';
import type { EngineBackend } from '../backend.ts';
import { infoShape } from '../system/info-shape.ts';
import { versionShape } from '../system/version-shape.ts';

type Backend = Pick<EngineBackend, 'info'> & {
  readonly containers: Pick<EngineBackend['containers'], 'list'>;
};

/** What clients ask before anything else, and of the service itself. */
export function systemRoutes(app: FastifyInstance, backend: Backend): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/_ping',
    handler: async (request, reply) => {
      reply
        .header('cache-control', 'no-cache, no-store, must-revalidate')
        .header('pragma', 'no-cache')
        .header('builder-version', '1')
        .header('swarm', 'inactive')
        .type('text/plain; charset=utf-8');
      return reply.send(request.method === 'HEAD' ? '' : 'OK');
    },
  });
  app.get('/version', async () => versionShape(await backend.info()));
  app.get('/info', async ({ apiVersion }) =>
    infoShape({
      apiVersion,
      info: await backend.info(),
      containers: await backend.containers.list({ all: true }),
      listeners: app.engineEvents.listeners,
      now: new Date(),
      env: process.env,
    }),
  );
}
