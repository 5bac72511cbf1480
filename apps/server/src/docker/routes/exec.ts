import {
  type ContainerRecord,
  type ContainerVerbs,
  DetachKeyFilter,
  type ExecSession,
  isWherryError,
} from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { ExecInstance, ExecInstances, ExecPlan } from '../containers/exec-instances.ts';
import { detachKeysOf } from '../containers/feed.ts';
import { type TakenConnection, takeConnection } from '../hijack/connection.ts';
import type { TakenConnections } from '../hijack/taken-connections.ts';
import { Fields } from '../wire/fields.ts';
import { frameOf } from '../wire/frames.ts';
import { readJsonObject, readOptionalJsonObject } from '../wire/json-body.ts';
import { Query } from '../wire/query.ts';
import { sizeOf } from '../wire/terminal-size.ts';
import { streamType } from './attach.ts';

export interface ExecParts {
  readonly containers: Pick<ContainerVerbs, 'exec' | 'inspect'>;
  readonly instances: ExecInstances;
  readonly connections: TakenConnections;
}

interface IdParams {
  readonly id: string;
}

/** A process that could not be started. */
const CANNOT_INVOKE = 126;
const START_LOOK_MS = 10;

/** `exec` of Docker's clients: a process is asked for, then started, then asked about. */
export function execRoutes(app: FastifyInstance, parts: ExecParts): void {
  const { containers, instances } = parts;
  app.post<{ Params: IdParams }>('/containers/:id/exec', async (request, reply) => {
    const body = new Fields(await readJsonObject(request));
    const record = await containers.inspect(request.params.id);
    const plan = planOf(record, body);
    requireRunning(record, request.params.id);
    return reply.code(201).send({ Id: instances.add(plan).id });
  });
  app.post<{ Params: IdParams }>('/exec/:id/start', async (request, reply) => {
    const instance = instances.get(request.params.id);
    const body = new Fields((await readOptionalJsonObject(request)) ?? {});
    requireNew(instance);
    return await start(parts, instance, { request, reply, body });
  });
  app.post<{ Params: IdParams }>('/exec/:id/resize', async (request, reply) => {
    const { id, session, status } = instances.get(request.params.id);
    const size = sizeOf(new Query(request));
    if (status !== 'running' || session === undefined)
      throw new ApiError(409, `exec process ${id} is not running`);
    await session.resize(size);
    return reply.code(200).send();
  });
  app.get<{ Params: IdParams }>('/exec/:id/json', async (request) =>
    describe(instances.get(request.params.id)),
  );
}

function planOf({ id }: ContainerRecord, body: Fields): ExecPlan {
  const command = body.words('Cmd') ?? [];
  if (command.length === 0) throw new ApiError(400, 'No exec command specified');
  const tty = body.flag('Tty');
  detachKeysOf(body.text('DetachKeys'), tty);
  const [env, user, workingDir] = [body.texts('Env'), body.text('User'), body.text('WorkingDir')];
  const [rows = 0, columns = 0] = body.numbers('ConsoleSize');
  return {
    request: {
      ...{ container: id, command, tty, privileged: body.flag('Privileged') },
      ...(env.length > 0 && { env }),
      ...(user && { user }),
      ...(workingDir && { workingDir }),
    },
    containerId: id,
    stdin: body.flag('AttachStdin'),
    stdout: body.flag('AttachStdout'),
    stderr: body.flag('AttachStderr'),
    detachKeys: body.text('DetachKeys'),
    ...(rows > 0 && columns > 0 && { size: { rows, columns } }),
  };
}

function requireRunning({ id, state: { status } }: ContainerRecord, name: string): void {
  if (status === 'running') return;
  if (status === 'paused')
    throw new ApiError(409, `Container ${name} is paused, unpause the container before exec`);
  throw new ApiError(409, `Container ${id} is not running`);
}

function requireNew({ id, status }: ExecInstance): void {
  if (status === 'running') throw new ApiError(409, `Error: Exec command ${id} is already running`);
  if (status === 'ended') throw new ApiError(409, `Error: Exec command ${id} has already run`);
}

interface StartContext {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly body: Fields;
}

async function start(
  parts: ExecParts,
  instance: ExecInstance,
  { body, reply, request }: StartContext,
): Promise<FastifyReply> {
  const { containers, connections } = parts;
  const { plan } = instance;
  const { tty = false } = plan.request;
  const record = await containers.inspect(plan.containerId);
  requireRunning(record, plan.containerId);
  const [rows = 0, columns = 0] = body.numbers('ConsoleSize');
  const size = rows > 0 && columns > 0 ? { rows, columns } : plan.size;
  instance.status = 'running';
  if (body.flag('Detach')) {
    await startDetached(parts, instance, size);
    return reply.code(200).send();
  }
  const type = streamType(request, { options: { tty } });
  const connection = takeConnection(request, reply, type);
  await connections.follow(connection, serve(parts, instance, connection, size));
  return reply;
}

type Size = ExecPlan['size'];

async function startDetached(
  { containers, instances }: ExecParts,
  instance: ExecInstance,
  size: Size,
): Promise<void> {
  try {
    const session = await containers.exec(instance.plan.request, { sink: () => {}, ...(size && { size }) });
    instance.session = session;
    const ended = session.exitCode.then(
      (code) => instances.end(instance, code),
      (error: unknown) => {
        instances.end(instance, exitCodeOf(error));
        throw error;
      },
    );
    await startOf(session, ended);
  } catch (error) {
    instances.end(instance, exitCodeOf(error));
    throw toStartRefusal(error);
  }
}

/** Resolves when the process has started. */
async function startOf(session: ExecSession, ended: Promise<void>): Promise<void> {
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  // Once it runs, what becomes of it is told by its exit code.
  over.catch(() => undefined);
  while (!isOver && session.pid() === 0)
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, START_LOOK_MS))]);
  if (isOver) await over;
}

async function serve(
  { containers, instances }: ExecParts,
  instance: ExecInstance,
  connection: TakenConnection,
  size: Size,
): Promise<void> {
  const { detachKeys, request, stdin, ...wanted } = instance.plan;
  const { tty = false } = request;
  const write = (stream: 'stdout' | 'stderr', chunk: Uint8Array) =>
    connection.write(tty ? chunk : frameOf(stream, chunk));
  try {
    const typed = typing(connection, detachKeysOf(detachKeys, tty), () => instance.session?.detach());
    const session = await containers.exec(request, {
      sink: async (stream, chunk) => {
        if (wanted[stream]) await write(stream, chunk);
      },
      ...(stdin && connection.hasInput && { stdin: typed }),
      ...(size && { size }),
    });
    instance.session = session;
    instances.end(instance, await session.exitCode);
  } catch (error) {
    instances.end(instance, exitCodeOf(error));
    // The answer has begun: as with Docker, what hinders the process is told where its output would be.
    if (!isWherryError(error)) throw error;
    await write('stdout', Buffer.from(`${error.message}\r\n`));
  }
}

/** What is typed, until it ends or the keys to leave by are. */
async function* typing(
  { input }: TakenConnection,
  detachKeys: Uint8Array,
  detach: () => void,
): AsyncGenerator<Uint8Array> {
  const filter = new DetachKeyFilter(detachKeys);
  for await (const chunk of input) {
    const typed = filter.push(chunk);
    if (typed.input.length > 0) yield typed.input;
    if (!typed.isDetached) continue;
    detach();
    return;
  }
}

function exitCodeOf(error: unknown): number {
  const code = isWherryError(error) ? error.details.exitCode : undefined;
  return typeof code === 'number' ? code : CANNOT_INVOKE;
}

/** Docker's 400 for a program that is not there, or none. */
export function toStartRefusal(error: unknown): unknown {
  if (!isWherryError(error, 'FILE_NOT_FOUND', 'PERMISSION_DENIED')) return error;
  return typeof error.details.exitCode === 'number' ? new ApiError(400, error.message) : error;
}

function describe({ exitCode, id, plan, session, status }: ExecInstance): Record<string, unknown> {
  const { command, privileged = false, tty = false, user } = plan.request;
  const [entrypoint = '', ...args] = command;
  return {
    ID: id,
    Running: status === 'running',
    ExitCode: exitCode ?? null,
    ProcessConfig: { tty, entrypoint, arguments: args, privileged, ...(user && { user }) },
    OpenStdin: plan.stdin,
    OpenStderr: plan.stderr,
    OpenStdout: plan.stdout,
    CanRemove: false,
    ContainerID: plan.containerId,
    DetachKeys: plan.detachKeys,
    Pid: session?.pid() ?? 0,
  };
}
