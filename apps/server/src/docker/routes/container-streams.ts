import {
  type ContainerEnd,
  type ContainerVerbs,
  isWherryError,
  type OutputSink,
  type WaitCondition,
} from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import { frameOf } from '../wire/frames.ts';
import { abortWhenGone } from '../wire/json-stream.ts';
import { writeLogs } from '../wire/logs.ts';
import { Query } from '../wire/query.ts';
import { streamType } from './attach.ts';

export interface StreamParts {
  readonly containers: Pick<ContainerVerbs, 'export' | 'inspect' | 'logs' | 'waitUntil'>;
  /** Aborted when the service ends. */
  readonly closing: AbortSignal;
}

interface Named {
  readonly Params: { readonly id: string };
}

const CONDITIONS: readonly WaitCondition[] = ['not-running', 'next-exit', 'removed'];
const UNIX_TIME = /^\d+(?:\.\d{1,9})?$/;
/** Since this version an error that there is not is left out. */
const BARE_ENDS_SINCE = 42;

/** Answers that come while something goes on. */
export function streamRoutes(app: FastifyInstance, parts: StreamParts): void {
  app.post<Named>('/containers/:id/wait', async (request, reply) => await wait(parts, request, reply));
  app.get<Named>('/containers/:id/logs', async (request, reply) => await logs(parts, request, reply));
  app.get<Named>('/containers/:id/export', async (request, reply) => {
    const { id } = await parts.containers.inspect(request.params.id);
    return await sendBytes(reply, 'application/octet-stream', (signal) =>
      parts.containers.export(id, { signal }),
    );
  });
}

/**
 * Answers with bytes as they come. A fault before the first is an answer of its own; one after it cuts the connection,
 * which is all that can be told then.
 */
export async function sendBytes(
  reply: FastifyReply,
  contentType: string | undefined,
  open: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
): Promise<FastifyReply> {
  const gone = abortWhenGone(reply);
  const bytes = open(gone.signal)[Symbol.asyncIterator]();
  try {
    let next = await bytes.next();
    begin(reply, contentType);
    for (; !next.done; next = await bytes.next()) await write(reply, next.value);
    reply.raw.end();
  } catch (error) {
    if (!reply.sent) throw error;
    reply.raw.destroy();
  } finally {
    await bytes.return?.();
    gone.release();
  }
  return reply;
}

/** As Docker does, the status goes out before there is anything to tell: clients go on with it. */
async function wait(
  { closing, containers }: StreamParts,
  request: FastifyRequest<Named>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const condition = conditionOf(new Query(request).text('condition'));
  const gone = abortWhenGone(reply);
  const signal = AbortSignal.any([gone.signal, closing]);
  let end: ContainerEnd;
  try {
    const onWaiting = () => begin(reply, 'application/json');
    end = await containers.waitUntil({ container: request.params.id, condition }, { signal, onWaiting });
  } catch (error) {
    if (!reply.sent) throw error;
    const isCancelled = isWherryError(error, 'CANCELLED');
    end = { exitCode: -1, error: isCancelled ? 'context canceled' : (error as Error).message };
  } finally {
    gone.release();
  }
  reply.raw.end(`${JSON.stringify(endDocument(end, request.apiVersion.minor))}\n`);
  return reply;
}

function conditionOf(text: string): WaitCondition {
  if (text === '') return 'not-running';
  const condition = CONDITIONS.find((each) => each === text);
  if (condition === undefined) throw new ApiError(400, `invalid condition: ${JSON.stringify(text)}`);
  return condition;
}

function endDocument({ error, exitCode }: ContainerEnd, minor: number): Record<string, unknown> {
  if (error !== '') return { Error: { Message: error }, StatusCode: exitCode };
  return { ...(minor < BARE_ENDS_SINCE && { Error: null }), StatusCode: exitCode };
}

async function logs(
  { closing, containers }: StreamParts,
  request: FastifyRequest<Named>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new Query(request);
  const wanted = { stdout: query.flag('stdout'), stderr: query.flag('stderr') };
  if (!wanted.stdout && !wanted.stderr)
    throw new ApiError(400, 'Bad parameters: you must choose at least one stream');
  const record = await containers.inspect(request.params.id);
  const log = logRequest(record.id, query);
  if (record.options.log?.driver === 'none')
    throw new ApiError(501, 'configured logging driver does not support reading');
  const isRaw = record.options.tty === true;
  const sink: OutputSink = async (stream, chunk) => {
    if (wanted[stream]) await write(reply, isRaw ? chunk : frameOf(stream, chunk));
  };
  const gone = abortWhenGone(reply);
  const signal = AbortSignal.any([gone.signal, closing]);
  // Before the client hears of it, which may then remove the container.
  const entries = begun(containers.logs(log, { signal }));
  begin(reply, request.apiVersion.minor < BARE_ENDS_SINCE ? undefined : streamType(request, record));
  try {
    const [timestamps, details] = [query.flag('timestamps'), query.flag('details')];
    await writeLogs(entries, sink, { timestamps, details });
  } catch (error) {
    // The client is gone, or the answer has begun: it ends here.
    if (!isWherryError(error)) throw error;
  } finally {
    gone.release();
    reply.raw.end();
  }
  return reply;
}

/** Reads the first at once, not when it is asked for. */
function begun<T>(source: AsyncIterable<T>): AsyncIterable<T> {
  const rest = source[Symbol.asyncIterator]();
  const first = rest.next();
  // Whoever asks for it is told.
  first.catch(() => {});
  return (async function* () {
    try {
      for (let next = await first; !next.done; next = await rest.next()) yield next.value;
    } finally {
      await rest.return?.();
    }
  })();
}

function logRequest(container: string, query: Query) {
  const [since, until] = [timeOf(query, 'since'), timeOf(query, 'until')];
  const tail = query.text('tail');
  return {
    container,
    follow: query.flag('follow'),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    // As with Docker, anything but a number means all.
    ...(/^\d+$/.test(tail) && { tail: Number(tail) }),
  };
}

/** Seconds since 1970; none, or 0, is no bound. */
function timeOf(query: Query, name: string): string | undefined {
  const text = query.text(name);
  if (text === '' || Number(text) === 0) return undefined;
  if (UNIX_TIME.test(text)) return text;
  throw new ApiError(
    400,
    `invalid value for "${name}": strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

function begin(reply: FastifyReply, contentType: string | undefined): void {
  if (contentType !== undefined) reply.header('content-type', contentType);
  reply.hijack();
  reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  reply.raw.flushHeaders();
}

async function write({ raw }: FastifyReply, chunk: Uint8Array): Promise<void> {
  if (raw.destroyed || raw.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      raw.off('drain', done).off('close', done);
      resolve();
    };
    raw.on('drain', done).on('close', done);
  });
}
