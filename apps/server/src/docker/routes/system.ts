import type { FastifyInstance } from 'fastify';

/** What clients ask before anything else. */
export function systemRoutes(app: FastifyInstance): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/_ping',
    handler: async (request, reply) => {
      reply
        .header('cache-control', 'no-cache, no-store, must-revalidate')
        .header('pragma', 'no-cache')
        .type('text/plain; charset=utf-8');
      return reply.send(request.method === 'HEAD' ? '' : 'OK');
    },
  });
}
