import { isWherryError } from '@wherry/core';
import { toEngineErrorAnswer } from '../errors.ts';

/** An answer of podman's API to a request that failed. */
export interface LibpodErrorAnswer {
  readonly status: number;
  readonly body: { readonly cause: string; readonly message: string; readonly response: number };
}

/** The words that podman's client looks for. */
export const NOT_KNOWN = 'image not known';

/** Translates any error into podman's answer: the statuses are those of Docker's API. */
export function toLibpodErrorAnswer(error: unknown): LibpodErrorAnswer {
  const { status, body } = toEngineErrorAnswer(error);
  const image = unknownImage(error);
  const message = image === undefined ? body.message : `${image}: ${NOT_KNOWN}`;
  const cause = message.endsWith(NOT_KNOWN) ? NOT_KNOWN : message;
  return { status, body: { cause, message, response: status } };
}

/** What the client called an image that is not here; `undefined` for every other error. */
export function unknownImage(error: unknown): string | undefined {
  if (!isWherryError(error, 'IMAGE_UNKNOWN')) return undefined;
  const { image } = error.details;
  return typeof image === 'string' ? image : error.message;
}
