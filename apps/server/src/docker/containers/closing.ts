import type { FastifyInstance } from 'fastify';

/** A signal that is aborted when the application begins to close: what could wait for ever ends then. */
export function closingSignal(app: FastifyInstance): AbortSignal {
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort(new Error('the service ends')));
  return closing.signal;
}
