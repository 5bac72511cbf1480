import type { FastifyReply, FastifyRequest } from 'fastify';
import { toEngineErrorAnswer } from '../errors.ts';

/** One line of a stream; see the Engine API's `JSONMessage`. */
export type StreamMessage = Readonly<Record<string, unknown>>;

export interface JsonStream {
  /**
   * Sends one message. A picture of something that goes on, which `fleeting` says it is, is left out while
   * the client is slow to read.
   */
  send(message: StreamMessage, options?: { readonly fleeting?: boolean }): void;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface JsonStreamOptions {
  /** A fault before the first message is the first message. */
  readonly faultsInStream?: boolean;
}

/**
 * Runs work that reports on its way. The answer begins with the first message: a fault before it is an
 * answer with a status of its own, one after it is the last message of the stream.
 */
export async function streamJson(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (stream: JsonStream) => Promise<void>,
  { faultsInStream = false }: JsonStreamOptions = {},
): Promise<FastifyReply> {
  const gone = abortWhenGone(reply);
  let begun = false;
  const begin = () => {
    begun = true;
    reply.type('application/json').hijack();
    reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  };
  const stream: JsonStream = {
    signal: gone.signal,
    send: (message, { fleeting = false } = {}) => {
      if (gone.signal.aborted || (fleeting && reply.raw.writableNeedDrain)) return;
      if (!begun) begin();
      reply.raw.write(`${JSON.stringify(message)}\r\n`);
    },
  };
  try {
    await work(stream);
  } catch (error) {
    if (!begun && !faultsInStream) throw error;
    stream.send(errorMessage(error));
  } finally {
    gone.release();
  }
  if (begun) {
    reply.raw.end();
    return reply;
  }
  request.raw.resume();
  return reply.code(200).type('application/json').send('');
}

/** How a fault looks once the status is out. */
export function errorMessage(error: unknown): StreamMessage {
  const { message } = toEngineErrorAnswer(error).body;
  return { errorDetail: { message }, error: message };
}

/** A signal that is aborted when the connection closes before the answer is complete. */
export function abortWhenGone(reply: FastifyReply): {
  readonly signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  const abort = () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('the client went away'));
  };
  reply.raw.once('close', abort);
  return { signal: controller.signal, release: () => reply.raw.off('close', abort) };
}
