import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LogFields, Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { loggablePath } from './request-path.ts';
import { routeClassOf, SERVICE_ROUTES } from './route-class.ts';
import { type WireBytes, WireCounter } from './wire-bytes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Why it was answered with an error, as its client was told; for the log. */
    failure?: string;
  }
}

/** Seconds: from what memory answers to the pull of a large layer. */
const DURATION_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600];

/** Logs and counts every request at its end, and answers with its ID. */
export function observeRequests(app: FastifyInstance, log: Logger, metrics: Metrics): void {
  app.decorateRequest('failure', undefined);
  const count = requestMetrics(metrics);
  const wire = new WireCounter();
  app.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    count.began();
    // Asked now: a connection that is gone does not know whose it was.
    const remote = request.ip;
    let isOver = false;
    const end = (isCut: boolean) => {
      if (isOver) return;
      isOver = true;
      const bytes = wire.take(request.raw.socket);
      count.ended(request, reply, bytes);
      logEnd(log, request, reply, {
        bytesIn: bytes.received,
        bytesOut: bytes.sent,
        remote,
        ...(isCut && { cut: true }),
      });
    };
    // One that is cut never finishes, and one whose connection was taken over for a stream does not either.
    reply.raw.on('finish', () => end(false)).on('close', () => end(true));
    done();
  });
}

function logEnd(log: Logger, request: FastifyRequest, reply: FastifyReply, more: LogFields): void {
  const ms = Math.round(reply.elapsedTime);
  const path = loggablePath(request.originalUrl);
  const status = reply.statusCode;
  // A probe every few seconds would bury what people look for.
  const isProbe = SERVICE_ROUTES.has(request.routeOptions.url ?? '') && status < 400;
  log[isProbe ? 'debug' : 'info'](`${request.method} ${path} ${status} ${ms} ms`, {
    id: request.id,
    method: request.method,
    path,
    status,
    ms,
    ...more,
    error: request.failure,
    caller: request.caller?.name,
  });
}

function requestMetrics(metrics: Metrics) {
  let running = 0;
  const requests = metrics.counter({
    name: 'wherry_http_requests_total',
    help: 'Requests that were answered or cut, by what they were about, method and status.',
    labels: ['route', 'method', 'status'],
  });
  const seconds = metrics.distribution(
    {
      name: 'wherry_http_request_duration_seconds',
      help: 'Time from the headers of a request to the end of its answer.',
      labels: ['route'],
    },
    DURATION_BUCKETS,
  );
  const received = metrics.counter({
    name: 'wherry_http_received_bytes_total',
    help: 'Bytes that clients sent, headers among them.',
    labels: ['route'],
  });
  const sent = metrics.counter({
    name: 'wherry_http_sent_bytes_total',
    help: 'Bytes that clients were sent, headers among them.',
    labels: ['route'],
  });
  metrics.gauge(
    { name: 'wherry_http_requests_running', help: 'Requests that are being answered.' },
    () => running,
  );
  return {
    began: () => {
      running += 1;
    },
    ended: (request: FastifyRequest, reply: FastifyReply, bytes: WireBytes) => {
      running -= 1;
      const route = routeClassOf(request);
      requests.add([route, request.method, String(reply.statusCode)]);
      seconds.observe(reply.elapsedTime / 1000, [route]);
      received.add([route], bytes.received);
      sent.add([route], bytes.sent);
    },
  };
}
