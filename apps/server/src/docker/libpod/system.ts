import type { FastifyInstance } from 'fastify';
import type { EngineBackend } from '../backend.ts';
import { libpodDiskUsage } from './disk-usage.ts';
import { libpodInfoShape } from './info-shape.ts';
import { libpodVersionShape } from './version-shape.ts';

type Backend = Pick<EngineBackend, 'diskUsage' | 'images' | 'info' | 'layerUsage' | 'volumes'> & {
  readonly containers: Pick<EngineBackend['containers'], 'list'>;
};

/** What podman asks before anything else, and of the service itself. */
export function libpodSystemRoutes(app: FastifyInstance, backend: Backend): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/_ping',
    handler: async ({ method }, reply) =>
      reply.type('text/plain; charset=utf-8').send(method === 'HEAD' ? '' : 'OK'),
  });
  app.get('/version', async () => libpodVersionShape(await backend.info()));
  app.get('/info', async () =>
    libpodInfoShape(await backend.info(), await backend.containers.list({ all: true })),
  );
  app.get('/system/df', async () => libpodDiskUsage(backend));
}
