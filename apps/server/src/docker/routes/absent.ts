import type { FastifyInstance, FastifyReply } from 'fastify';
import { ApiError } from '../api-error.ts';

/** What is not offered, and why; clients that look everywhere go on where they read "not supported". */
const ABSENT: Readonly<Record<string, string>> = {
  swarm: 'swarm mode is not supported',
  services: 'swarm services are not supported',
  nodes: 'swarm nodes are not supported',
  secrets: 'swarm secrets are not supported',
  configs: 'swarm configs are not supported',
  tasks: 'swarm tasks are not supported',
};
const NO_BUILDKIT =
  "BuildKit's own protocol is not supported: set DOCKER_BUILDKIT=0, or build with: wherry build";

/** Routes of Docker's that have nothing behind them here: 501, and a line that says so. */
export function absentRoutes(app: FastifyInstance): void {
  for (const [name, message] of Object.entries(ABSENT))
    for (const url of [`/${name}`, `/${name}/*`])
      app.all(url, async () => {
        throw new ApiError(501, message);
      });
  for (const url of ['/session', '/grpc'])
    app.post(url, async () => {
      throw new ApiError(501, NO_BUILDKIT);
    });
  pluginRoutes(app);
}

/** There are no plugins, which is what lists and inspections say; the rest cannot be done. */
function pluginRoutes(app: FastifyInstance): void {
  app.get('/plugins', async () => []);
  app.get('/plugins/:name/json', async (request) => {
    const { name } = request.params as { readonly name: string };
    throw new ApiError(404, `plugin ${JSON.stringify(name)} not found`);
  });
  app.all('/plugins/*', async () => {
    throw new ApiError(501, 'plugins are not supported');
  });
}

/** What tells of the engine in every other answer. */
const ENGINE_HEADERS = ['api-version', 'docker-experimental', 'ostype', 'server'];

/** Docker's answer to any path that it does not know. */
export function pageNotFound(reply: FastifyReply): FastifyReply {
  // Docker's router answers before anything of the API's does.
  for (const name of ENGINE_HEADERS) reply.removeHeader(name);
  // As bytes, to which no character set is added.
  const body = Buffer.from('{"message":"page not found"}\n');
  return reply.code(404).type('application/json').send(body);
}
