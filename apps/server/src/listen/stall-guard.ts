import type { IncomingMessage, Server, ServerResponse } from 'node:http';

interface Progress {
  readonly response: ServerResponse;
  bytes: number;
  at: number;
}

const MAX_LOOK_MS = 5_000;

/**
 * Cuts connections whose request has more of a body to come and sends nothing of it. A body that waits for us,
 * because the disk is slow, is none of these, nor is one whose answer has begun: that is a conversation, such as with
 * a container. The answer may take as long as it likes.
 */
export function guardAgainstStalls(server: Server, timeoutMs: number): void {
  const reading = new Map<IncomingMessage, Progress>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!announcesBody(request)) return;
    reading.set(request, { response, bytes: request.socket.bytesRead, at: Date.now() });
    request.once('close', () => reading.delete(request));
  });
  const look = () => {
    const now = Date.now();
    for (const [request, progress] of reading) {
      const { complete, readableLength, socket } = request;
      const isMoving = socket.bytesRead !== progress.bytes || readableLength > 0;
      if (isMoving) Object.assign(progress, { bytes: socket.bytesRead, at: now });
      if (complete || progress.response.headersSent) reading.delete(request);
      else if (now - progress.at >= timeoutMs)
        socket.destroy(new Error('the body of the request has stalled'));
    }
  };
  server.once('listening', () => {
    const timer = setInterval(look, Math.min(MAX_LOOK_MS, timeoutMs / 4)).unref();
    server.once('close', () => clearInterval(timer));
  });
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
