import { isWherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../operating/logger.ts';
import type { TakenConnection } from './connection.ts';

/** The connections that have been taken: no HTTP server knows of them any more. */
export class TakenConnections {
  readonly #open = new Set<TakenConnection>();
  readonly #log: Pick<Logger, 'error'>;

  /** When the application closes, they are cut. `log` gets a line per fault of ours. */
  constructor(app: FastifyInstance, log: Pick<Logger, 'error'>) {
    this.#log = log;
    app.addHook('preClose', async () => {
      for (const connection of this.#open) connection.destroy();
    });
  }

  /** Ends a connection when its work is done. Its answer has begun: what goes wrong can only cut it short. */
  async follow(connection: TakenConnection, work: Promise<void>): Promise<void> {
    this.#open.add(connection);
    try {
      await work;
    } catch (error) {
      if (!isWherryError(error)) this.#log.error(`a connection that was taken: ${String(error)}`);
    } finally {
      connection.end();
      this.#open.delete(connection);
    }
  }
}
