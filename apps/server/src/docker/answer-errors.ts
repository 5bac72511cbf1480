import type { FastifyInstance } from 'fastify';
import { loggablePath } from '../operating/request-path.ts';
import type { EngineErrorAnswer } from './errors.ts';
import type { EngineSurroundings } from './router.ts';

/** Answers what routes throw as `toAnswer` has it; faults of the service's own are logged. */
export function answerErrors(
  app: FastifyInstance,
  { log }: Pick<EngineSurroundings, 'log'>,
  toAnswer: (error: unknown) => EngineErrorAnswer,
): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = toAnswer(error);
    request.failure = body.message;
    if (status >= 500 && status !== 501)
      log.error(`${request.method} ${loggablePath(request.url)}: ${String(error)}`, { id: request.id });
    return reply.code(status).type('application/json').send(body);
  });
}
