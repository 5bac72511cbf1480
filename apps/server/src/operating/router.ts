import { WherryError } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toErrorAnswer } from '../registry/errors.ts';
import { isLocalRequest } from './local-request.ts';
import { openApiDocument } from './openapi/document.ts';
import type { Prometheus } from './prometheus.ts';
import type { Readiness } from './readiness.ts';

/** What the service tells of itself. */
export interface OperatingBackend {
  readonly readiness: Pick<Readiness, 'reasons'>;
  /** Absent: nothing is counted, and there is no `/metrics`. */
  readonly prometheus?: Pick<Prometheus, 'contentType' | 'text'>;
  /** Whether anyone may ask; asked at each request, as settings are reloaded. */
  isPublic(what: 'health' | 'metrics'): boolean;
}

/** Adds `/healthz`, `/readyz`, `/metrics` and `/openapi.json`. */
export function registerOperating(app: FastifyInstance, backend: OperatingBackend): void {
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = toErrorAnswer(error);
    return reply.code(status).type('application/json; charset=utf-8').send(body);
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  const guard = (what: 'health' | 'metrics') => async (request: FastifyRequest) => {
    if (!backend.isPublic(what)) requireOperator(request);
  };
  app.get('/healthz', { onRequest: guard('health') }, async (_request, reply) => say(reply, 200, 'ok'));
  app.get('/readyz', { onRequest: guard('health') }, async (_request, reply) => {
    const reasons = await backend.readiness.reasons();
    return reasons.length === 0 ? say(reply, 200, 'ready') : say(reply, 503, 'not ready', reasons);
  });
  const { prometheus } = backend;
  if (prometheus)
    app.get('/metrics', { onRequest: guard('metrics') }, async (_request, reply) =>
      reply.type(prometheus.contentType).send(await prometheus.text()),
    );
  const openApi = JSON.stringify(openApiDocument());
  app.get('/openapi.json', async (_request, reply) => reply.type('application/json').send(openApi));
}

function say(reply: FastifyReply, code: number, status: string, reasons?: readonly string[]): FastifyReply {
  return reply
    .code(code)
    .type('application/json')
    .send({ status, ...(reasons && { reasons }) });
}

/** Throws `DENIED` for who neither sits at the machine nor may do everything on it. */
function requireOperator(request: FastifyRequest): void {
  const { caller } = request;
  if (isLocalRequest(request) || (caller.name !== undefined && caller.mayUseEngine)) return;
  throw new WherryError('DENIED', 'this is not open to this caller');
}
