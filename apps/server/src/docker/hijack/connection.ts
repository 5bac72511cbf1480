import type { Readable, Writable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from '../wire/json-body.ts';
import { upgradeOf } from './upgrade.ts';

/** A connection that carries bytes of a container instead of HTTP. */
export interface TakenConnection {
  /** What the client sends, until it ends its half or goes away. To be read once. */
  readonly input: AsyncIterable<Uint8Array>;
  /** `false`: the client did not ask for the connection, and its request had no body. */
  readonly hasInput: boolean;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more, or nobody to read it. */
  write(chunk: Uint8Array): Promise<void>;
  end(): void;
  destroy(): void;
}

/** Raw bytes, or, for Docker's newer clients, those of two streams in frames. */
export type StreamType = 'application/vnd.docker.raw-stream' | 'application/vnd.docker.multiplexed-stream';

/**
 * Answers a request and takes its connection: with 101 where the client asked for that, and otherwise with 200 and all
 * that follows as the answer's body, the client's input being the request's.
 */
export function takeConnection(
  request: FastifyRequest,
  reply: FastifyReply,
  contentType: StreamType,
): TakenConnection {
  const upgraded = upgradeOf(request.raw);
  const { raw } = reply.hijack();
  raw.sendDate = false;
  if (upgraded === undefined) {
    // What follows has no length and is not cut into chunks.
    raw.removeHeader('transfer-encoding');
    raw.writeHead(200, { 'Content-Type': contentType });
    raw.flushHeaders();
    return connectionOf(request.raw, raw, hasBody(request));
  }
  const { head, socket } = upgraded;
  raw.writeHead(101, 'UPGRADED', { 'Content-Type': contentType, Connection: 'Upgrade', Upgrade: 'tcp' });
  raw.end();
  raw.detachSocket(socket);
  socket.setTimeout(0).setNoDelay(true);
  if (head.length > 0) socket.unshift(head);
  return connectionOf(socket, socket, true);
}

function connectionOf(source: Readable, sink: Writable, hasInput: boolean): TakenConnection {
  const gone = new AbortController();
  let isEnded = false;
  sink.on('error', () => sink.destroy());
  sink.once('close', () => {
    if (!isEnded) gone.abort(new Error('the client went away'));
  });
  return {
    input: inputOf(source),
    hasInput,
    signal: gone.signal,
    write: async (chunk) => {
      if (sink.destroyed || sink.writableEnded || sink.write(chunk)) return;
      await roomIn(sink);
    },
    end: () => {
      isEnded = true;
      if (!sink.writableEnded) sink.end();
      // Of what the client still sends nobody has a use; its end of the connection closes then.
      source.resume();
    },
    destroy: () => sink.destroy(),
  };
}

/** Input that breaks off is input that ends. */
async function* inputOf(source: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch {
    source.destroy();
  }
}

async function roomIn(sink: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      sink.off('drain', done).off('close', done);
      resolve();
    };
    sink.on('drain', done).on('close', done);
  });
}
