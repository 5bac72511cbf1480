import { type ErrorCode, type ErrorKind, isWherryError } from '@wherry/core';
import { ApiError } from './api-error.ts';

/** An answer of the Engine API to a request that failed. */
export interface EngineErrorAnswer {
  readonly status: number;
  readonly body: { readonly message: string };
}

/**
 * What cannot be done here is 501: a 404 would look like a typing error. What could not be reached is 500, as
 * Docker has it: clients take a 503 for the service's own.
 */
const STATUS_OF_KIND = {
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  unauthorized: 401,
  denied: 403,
  unsupported: 501,
  unavailable: 500,
  corrupt: 500,
  cancelled: 499,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

/** As Docker, which finds out in a process of its own. */
const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  INVALID_TAR: 500,
  INVALID_ARCHIVE: 500,
  TRUNCATED: 500,
};

/** Translates any error into the Engine API's answer, whose whole body is a message. */
export function toEngineErrorAnswer(error: unknown): EngineErrorAnswer {
  if (error instanceof ApiError) return { status: error.status, body: { message: error.message } };
  if (isWherryError(error))
    return {
      status: STATUS_OF_CODE[error.code] ?? STATUS_OF_KIND[error.kind],
      body: { message: error.message },
    };
  const status = clientFault(error);
  if (status !== undefined) return { status, body: { message: (error as Error).message } };
  // Its text may name paths and other things that are none of the client's business.
  return { status: 500, body: { message: 'internal error' } };
}

function clientFault(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
