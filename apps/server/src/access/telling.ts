import { isWherryError } from '@wherry/core';
import type { FastifyReply } from 'fastify';

const MS_PER_S = 1000;

/** A client that has to wait hears how long. RFC 9110, 10.2.3. */
export async function telling<T>(reply: FastifyReply, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isWherryError(error, 'RATE_LIMITED'))
      reply.header('retry-after', Math.ceil(Number(error.details.retryAfterMs) / MS_PER_S));
    throw error;
  }
}
