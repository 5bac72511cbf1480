import type { ContainerVerbs } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import { bodyOf } from '../wire/json-body.ts';
import { abortWhenGone } from '../wire/json-stream.ts';
import { pathStatHeader } from '../wire/path-stat.ts';
import { Query } from '../wire/query.ts';
import { sendBytes } from './container-streams.ts';

type Backend = Pick<ContainerVerbs, 'copyOutArchive' | 'extract' | 'statFile'>;

interface Named {
  readonly Params: { readonly id: string };
}

/** Files of a container: what they are, as an archive, and from one. */
export function archiveRoutes(app: FastifyInstance, containers: Backend): void {
  app.head<Named>('/containers/:id/archive', async (request, reply) => {
    await putStat(containers, request, reply);
    return reply.send();
  });
  app.get<Named>('/containers/:id/archive', async (request, reply) => {
    const path = await putStat(containers, request, reply);
    const container = request.params.id;
    return await sendBytes(reply, 'application/x-tar', (signal) =>
      containers.copyOutArchive({ container, path }, { signal }),
    );
  });
  app.put<Named>('/containers/:id/archive', async (request, reply) => {
    const path = pathOf(request);
    const gone = abortWhenGone(reply);
    const container = request.params.id;
    try {
      await containers.extract({ container, path, archive: bodyOf(request) }, { signal: gone.signal });
    } finally {
      gone.release();
    }
    return reply.code(200).send();
  });
}

async function putStat(
  containers: Backend,
  request: FastifyRequest<Named>,
  reply: FastifyReply,
): Promise<string> {
  const path = pathOf(request);
  const stat = await containers.statFile({ container: request.params.id, path });
  reply.header('x-docker-container-path-stat', pathStatHeader(stat));
  return path;
}

function pathOf(request: FastifyRequest): string {
  const path = new Query(request).text('path');
  if (path === '') throw new ApiError(400, 'bad parameter: path cannot be empty');
  return path;
}
