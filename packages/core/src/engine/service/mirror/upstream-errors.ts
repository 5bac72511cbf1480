import { isWherryError, WherryError } from '../../../errors.ts';

/** Errors that a later attempt may not meet: what is cached stands in. */
export function isOutage(error: unknown): error is WherryError {
  // A time limit of ours ends a request as its caller would.
  return isWherryError(error) && (error.kind === 'unavailable' || error.kind === 'cancelled');
}

/** Tells whether the upstream says that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return isWherryError(error) && error.kind === 'not-found';
}

/**
 * What an upstream did, as the mirror's own client is to hear it: whoever asks the mirror can neither log in at
 * the upstream nor help what that one sends.
 */
export function fromUpstream(upstream: string, error: unknown): unknown {
  if (!isWherryError(error) || isMissing(error)) return error;
  const options = { details: error.details, cause: error };
  const message = `upstream ${upstream}: ${error.message}`;
  switch (error.code) {
    case 'UNAUTHORIZED':
    case 'DENIED':
      return new WherryError('DENIED', message, {
        hint: "the credentials of the mirror count: log in with 'wherry login' where it runs",
        ...options,
      });
    case 'BLOCKED':
    case 'RATE_LIMITED':
    case 'UNREACHABLE':
    case 'TLS_FAILED':
      return new WherryError(error.code, message, { ...(error.hint && { hint: error.hint }), ...options });
    case 'CANCELLED':
      return new WherryError('UNREACHABLE', `upstream ${upstream}: no answer in time`, options);
    default:
      return new WherryError('REGISTRY_ERROR', message, {
        ...(error.hint && { hint: error.hint }),
        ...options,
      });
  }
}
