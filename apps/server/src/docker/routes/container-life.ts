import type { ContainerRecord, ContainerVerbs } from '@wherry/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { Attendance } from '../containers/attendance.ts';
import { awaitEnd, logContainer, logDestroyed, logEnd } from '../containers/container-events.ts';
import { bodyOf } from '../wire/json-body.ts';
import { Query } from '../wire/query.ts';
import { sizeOf } from '../wire/terminal-size.ts';
import { toStartRefusal } from './exec.ts';

type Backend = Pick<
  ContainerVerbs,
  'inspect' | 'kill' | 'pause' | 'remove' | 'rename' | 'resize' | 'stop' | 'unpause' | 'waitUntil'
>;

export interface LifeParts {
  readonly containers: Backend;
  readonly attendance: Attendance;
  /** Aborted when the service ends. */
  readonly closing: AbortSignal;
}

interface Named {
  readonly Params: { readonly id: string };
}

/** What changes the state of a container. */
export function lifeRoutes(app: FastifyInstance, parts: LifeParts): void {
  const { containers } = parts;
  runningRoutes(app, parts);
  app.post<Named>('/containers/:id/kill', async (request, reply) => {
    const { id } = request.params;
    const signal = new Query(request).text('signal') || 'SIGKILL';
    const record = await containers.inspect(id);
    await containers.kill(id, signal);
    logContainer(app.engineEvents, 'kill', record, { signal });
    return empty(reply, 204);
  });
  for (const action of ['pause', 'unpause'] as const)
    app.post<Named>(`/containers/:id/${action}`, async (request, reply) => {
      const record = await containers.inspect(request.params.id);
      await containers[action](record.id);
      logContainer(app.engineEvents, action, record);
      return empty(reply, 204);
    });
  app.post<Named>('/containers/:id/rename', async (request, reply) => {
    const name = new Query(request).text('name');
    if (name === '') throw new ApiError(400, 'Neither old nor new names may be empty');
    const record = await containers.inspect(request.params.id);
    await containers.rename({ container: request.params.id, name });
    logContainer(app.engineEvents, 'rename', { ...record, name }, { oldName: record.name });
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
    const record = await containers.inspect(request.params.id);
    await containers.remove({ container: request.params.id, force, volumes });
    logDestroyed(app.engineEvents, record);
    return empty(reply, 204);
  });
}

function runningRoutes(app: FastifyInstance, { attendance, closing, containers }: LifeParts): void {
  const start = async (record: ContainerRecord) => {
    const unstarted = new AbortController();
    const signal = AbortSignal.any([closing, unstarted.signal]);
    const { end } = await awaitEnd(containers, record.id, signal);
    let isStarted = false;
    try {
      isStarted = await startOf(attendance, record.id);
    } finally {
      if (!isStarted) unstarted.abort();
    }
    if (!isStarted) return false;
    logContainer(app.engineEvents, 'start', record);
    void logEnd(app.engineEvents, containers, record, { end, signal });
    return true;
  };
  const stop = async (record: ContainerRecord, query: Query) => {
    if (!isAlive(record.state.status)) return false;
    await containers.stop(stopRequest(record.id, query));
    logContainer(app.engineEvents, 'stop', record);
    return true;
  };
  app.post<Named>('/containers/:id/start', async (request, reply) => {
    await refuseBody(bodyOf(request));
    const isStarted = await start(await containers.inspect(request.params.id));
    return empty(reply, isStarted ? 204 : 304);
  });
  app.post<Named>('/containers/:id/stop', async (request, reply) => {
    const isStopped = await stop(await containers.inspect(request.params.id), new Query(request));
    return empty(reply, isStopped ? 204 : 304);
  });
  app.post<Named>('/containers/:id/restart', async (request, reply) => {
    const record = await containers.inspect(request.params.id);
    await stop(record, new Query(request));
    await start(record);
    logContainer(app.engineEvents, 'restart', record);
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
