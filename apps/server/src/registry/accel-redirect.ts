import type { BlobInfo } from '@wherry/core';
import type { FastifyRequest } from 'fastify';
import type { BlobBackend } from './backend.ts';

/** nginx knows the file by an entity tag of its own, so that what depends on one is answered here. */
const CONDITIONS = ['if-match', 'if-range'];

/** The internal location at which files of the store are, as settings have it now; `undefined`: there is none. */
export type AccelRedirect = () => string | undefined;

/**
 * Where a proxy in front finds the bytes of a blob, for `X-Accel-Redirect`; `undefined`: they are sent from here.
 * It cuts out the range that was asked for itself.
 */
export function accelLocation(
  accelRedirect: AccelRedirect,
  backend: Pick<BlobBackend, 'blobPath'>,
  { headers }: Pick<FastifyRequest, 'headers'>,
  blob: BlobInfo,
): string | undefined {
  const prefix = accelRedirect();
  if (prefix === undefined || CONDITIONS.some((name) => headers[name] !== undefined)) return undefined;
  const path = backend.blobPath(blob);
  return path === undefined ? undefined : `${prefix.replace(/\/$/, '')}/${path}`;
}
