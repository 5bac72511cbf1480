import type { ContainerVerbs } from '@wherry/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { Attendance } from '../containers/attendance.ts';
import { bodyOf } from '../wire/json-body.ts';
import { Query } from '../wire/query.ts';
import { sizeOf } from '../wire/terminal-size.ts';
import { toStartRefusal } from './exec.ts';

type Backend = Pick<
  ContainerVerbs,
  'inspect' | 'kill' | 'pause' | 'remove' | 'rename' | 'resize' | 'restart' | 'stop' | 'unpause'
>;

export interface LifeParts {
  readonly containers: Backend;
  readonly attendance: Attendance;
}

interface Named {
  readonly Params: { readonly id: string };
}

/** What changes the state of a container. */
export function lifeRoutes(app: FastifyInstance, { attendance, containers }: LifeParts): void {
  app.post<Named>('/containers/:id/start', async (request, reply) => {
    await refuseBody(bodyOf(request));
    return empty(reply, (await startOf(attendance, request.params.id)) ? 204 : 304);
  });
  app.post<Named>('/containers/:id/stop', async (request, reply) => {
    const wasAlive = isAlive((await containers.inspect(request.params.id)).state.status);
    if (wasAlive) await containers.stop(stopRequest(request.params.id, new Query(request)));
    return empty(reply, wasAlive ? 204 : 304);
  });
  app.post<Named>('/containers/:id/restart', async (request, reply) => {
    const { id } = request.params;
    await containers.inspect(id);
    if (isAlive((await containers.inspect(id)).state.status))
      await containers.stop(stopRequest(id, new Query(request)));
    await startOf(attendance, id);
    return empty(reply, 204);
  });
  app.post<Named>('/containers/:id/kill', async (request, reply) => {
    await containers.kill(request.params.id, new Query(request).text('signal') || 'SIGKILL');
    return empty(reply, 204);
  });
  app.post<Named>('/containers/:id/pause', async (request, reply) => {
    await containers.pause(request.params.id);
    return empty(reply, 204);
  });
  app.post<Named>('/containers/:id/unpause', async (request, reply) => {
    await containers.unpause(request.params.id);
    return empty(reply, 204);
  });
  app.post<Named>('/containers/:id/rename', async (request, reply) => {
    const name = new Query(request).text('name');
    if (name === '') throw new ApiError(400, 'Neither old nor new names may be empty');
    await containers.rename({ container: request.params.id, name });
    return empty(reply, 204);
  });
  app.post<Named>('/containers/:id/resize', async (request, reply) => {
    await containers.resize({ container: request.params.id, size: sizeOf(new Query(request)) });
    return empty(reply, 200);
  });
  app.delete<Named>('/containers/:id', async (request, reply) => {
    const query = new Query(request);
    if (query.flag('link')) throw new ApiError(400, 'links need a bridge network, which is not offered');
    const [force, volumes] = [query.flag('force'), query.flag('v')];
    await containers.remove({ container: request.params.id, force, volumes });
    return empty(reply, 204);
  });
}

async function startOf(attendance: Attendance, id: string): Promise<boolean> {
  try {
    return await attendance.start(id);
  } catch (error) {
    throw toStartRefusal(error);
  }
}

function stopRequest(container: string, query: Query) {
  const timeoutSeconds = query.integer('t');
  const signal = query.text('signal');
  return { container, ...(timeoutSeconds !== undefined && { timeoutSeconds }), ...(signal && { signal }) };
}

/** A host's configuration came here before API 1.24. */
async function refuseBody(body: AsyncIterable<Uint8Array>): Promise<void> {
  let text = '';
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('latin1');
    if (text.length > 4) break;
  }
  if (/^\s*(?:|\{\s*\}|null)\s*$/.test(text)) return;
  throw new ApiError(
    400,
    'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
  );
}

function isAlive(status: string): boolean {
  return status === 'running' || status === 'paused';
}

function empty(reply: FastifyReply, status: number): FastifyReply {
  return reply.code(status).send();
}
