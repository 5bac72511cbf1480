import type { ContainerRecord, ContainerSession, ContainerVerbs, OutputSink } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { Attendance } from '../containers/attendance.ts';
import { detachKeysOf, feed } from '../containers/feed.ts';
import { toEngineErrorAnswer } from '../errors.ts';
import { type TakenConnection, takeConnection } from '../hijack/connection.ts';
import type { TakenConnections } from '../hijack/taken-connections.ts';
import { frameOf } from '../wire/frames.ts';
import { writeLogs } from '../wire/logs.ts';
import { Query } from '../wire/query.ts';

type Backend = Pick<ContainerVerbs, 'attach' | 'inspect' | 'logs'>;

export interface AttachParts {
  readonly containers: Backend;
  readonly attendance: Attendance;
  readonly connections: TakenConnections;
}

interface IdParams {
  readonly id: string;
}

/** What a client wants of a container. */
interface Wanted {
  readonly logs: boolean;
  readonly stream: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: Uint8Array;
}

/** `POST /containers/{id}/attach`. */
export function attachRoutes(app: FastifyInstance, parts: AttachParts): void {
  app.post<{ Params: IdParams }>('/containers/:id/attach', async (request, reply) => {
    const { containers, connections } = parts;
    let record: ContainerRecord;
    let wanted: Wanted;
    try {
      record = await containers.inspect(request.params.id);
      wanted = wantedOf(request, record.options.tty === true);
    } catch (error) {
      return refuse(reply, error);
    }
    const connection = takeConnection(request, reply, streamType(request, record));
    await connections.follow(connection, serve(parts, record, wanted, connection));
    return reply;
  });
  app.get('/containers/:id/attach/ws', async () => {
    throw new ApiError(501, 'attaching by a websocket is not offered: use POST /containers/{id}/attach');
  });
}

/** Clients of 1.42 and newer are told whether there are frames. */
export function streamType(request: FastifyRequest, { options: { tty } }: Pick<ContainerRecord, 'options'>) {
  return request.apiVersion.minor >= 42 && !tty
    ? ('application/vnd.docker.multiplexed-stream' as const)
    : ('application/vnd.docker.raw-stream' as const);
}

function wantedOf(request: FastifyRequest, tty: boolean): Wanted {
  const query = new Query(request);
  return {
    logs: query.flag('logs'),
    stream: query.flag('stream'),
    stdin: query.flag('stdin'),
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
    detachKeys: detachKeysOf(query.text('detachKeys'), tty),
  };
}

/** Who takes a connection expects bytes: here Docker's refusals are plain text. */
function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  const { body, status } = toEngineErrorAnswer(error);
  return reply.code(status).type('application/vnd.docker.raw-stream').send(`${body.message}\r\n`);
}

async function serve(
  { attendance, containers }: AttachParts,
  record: ContainerRecord,
  wanted: Wanted,
  connection: TakenConnection,
): Promise<void> {
  const { signal } = connection;
  const isRaw = record.options.tty === true;
  const sink: OutputSink = async (stream, chunk) => {
    if (wanted[stream]) await connection.write(isRaw ? chunk : frameOf(stream, chunk));
  };
  if (wanted.logs) await writeLogs(containers.logs({ container: record.id }, { signal }), sink, {});
  if (!wanted.stream) return;
  const { status } = record.state;
  const session =
    status === 'running' || status === 'paused'
      ? await containers.attach(record.id, { sink, signal })
      : await attendance.await(record.id, sink, signal);
  await stay(session, record, wanted, connection);
}

/** Stays with a container until it ends or the client leaves, who may type meanwhile. */
async function stay(
  session: ContainerSession,
  { openStdin, options, stdinOnce }: ContainerRecord,
  { detachKeys, stdin }: Wanted,
  { hasInput, input, signal }: TakenConnection,
): Promise<void> {
  const isTyping = stdin && openStdin && hasInput;
  const endsInput = isTyping && stdinOnce && options.tty !== true;
  const leave = () => {
    if (endsInput) session.endStdin();
    session.detach();
  };
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const type = async () => {
    const end = await feed({ input, detachKeys, write: (chunk) => session.write(chunk) });
    // As with Docker, input that ends takes the client along, unless the container's ends with it.
    if (end === 'ended' && endsInput) session.endStdin();
    else session.detach();
  };
  // The container may be gone.
  if (isTyping) type().catch(() => undefined);
  try {
    await session.exitCode;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
