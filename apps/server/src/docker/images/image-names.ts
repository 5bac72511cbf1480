import {
  formatReference,
  isDigest,
  isWherryError,
  parseReference,
  type Reference,
  repositoryOf,
} from '@wherry/core';
import { ApiError } from '../api-error.ts';

/**
 * Joins a `repo` or `fromImage` with the `tag` beside it, which may be a digest and wins over one in the name.
 * What is no name is an `ApiError` of `status`: Docker has 400 for some requests and 500 for others.
 */
export function namedReference(name: string, tag: string, status = 400): Reference {
  const ref = orStatus(status, () => parseReference(name));
  if (tag === '') return ref;
  const repository = repositoryOf(ref);
  if (isDigest(tag)) return { ...repository, digest: tag };
  try {
    return parseReference(`${formatReference(repository)}:${tag}`);
  } catch (error) {
    if (isWherryError(error, 'INVALID_REFERENCE')) throw new ApiError(status, 'invalid tag format');
    throw error;
  }
}

function orStatus(status: number, parse: () => Reference): Reference {
  try {
    return parse();
  } catch (error) {
    if (isWherryError(error, 'INVALID_REFERENCE')) throw new ApiError(status, error.message);
    throw error;
  }
}
