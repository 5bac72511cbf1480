import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/** A connection that its client wants for itself once the request is answered. */
export interface Upgraded {
  readonly socket: Socket;
  /** What came behind the request already. */
  readonly head: Buffer;
}

/** Bodies of requests that ask for a connection are small documents. */
const MAX_BODY_BYTES = 1 << 20;

const upgrades = new WeakMap<IncomingMessage, Upgraded>();

/** The connection of a request that asked for `Upgrade: tcp`. */
export function upgradeOf(request: IncomingMessage): Upgraded | undefined {
  return upgrades.get(request);
}

/**
 * Lets requests ask for their connection, as Docker's clients do with `Upgrade: tcp`: they come to their routes as
 * others do. What wants to go over to another protocol is served as if it had not said so.
 */
export function acceptUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket;
    socket.on('error', () => socket.destroy());
    if (request.headers.upgrade?.toLowerCase() === 'tcp') void serve(app, request, { socket, head });
    else replay(app, request, { socket, head });
  });
}

async function serve(
  app: FastifyInstance,
  request: IncomingMessage,
  { socket, head }: Upgraded,
): Promise<void> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (request.headers['transfer-encoding'] !== undefined || !(length <= MAX_BODY_BYTES)) {
    socket.end('HTTP/1.1 411 Length Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const bytes = await readAtLeast(socket, head, length);
  if (bytes === undefined) return;
  // The parser has closed the request's own body, which it did not read.
  const whole = withBody(request, socket, bytes.subarray(0, length));
  upgrades.set(whole, { socket, head: bytes.subarray(length) });
  const response = new ServerResponse(whole);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => {
    // Taken over, it has no socket any more.
    if (response.socket === null) return;
    response.detachSocket(socket);
    socket.end();
  });
  app.routing(whole, response);
}

function withBody(request: IncomingMessage, socket: Socket, body: Buffer): IncomingMessage {
  const whole = new IncomingMessage(socket);
  const { headers, httpVersion, httpVersionMajor, httpVersionMinor, method, rawHeaders, url } = request;
  Object.assign(whole, { headers, httpVersion, httpVersionMajor, httpVersionMinor, method, rawHeaders, url });
  whole.complete = true;
  if (body.length > 0) whole.push(body);
  whole.push(null);
  return whole;
}

/** `undefined`: the client went away before. */
async function readAtLeast(socket: Socket, head: Buffer, length: number): Promise<Buffer | undefined> {
  const chunks = [head];
  let size = head.length;
  if (size < length)
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= length) break;
    }
  if (size >= length) return Buffer.concat(chunks);
  socket.destroy();
  return undefined;
}

const HOP_HEADERS = new Set(['upgrade', 'connection', 'http2-settings']);

/** Some clients offer to speak HTTP/2 with every request that they make. */
function replay(app: FastifyInstance, request: IncomingMessage, { socket, head }: Upgraded): void {
  const { rawHeaders } = request;
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    if (!HOP_HEADERS.has((rawHeaders[index] ?? '').toLowerCase()))
      lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  app.server.emit('connection', socket);
}
