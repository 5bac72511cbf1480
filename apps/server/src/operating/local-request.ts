import type { FastifyRequest } from 'fastify';
import { isLoopbackAddress } from '../listen/address.ts';

/** What a proxy adds: behind one on this machine the whole world seems to be here. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Tells whether a request comes from this machine: over loopback or a Unix socket, and not through a proxy. */
export function isLocalRequest(request: FastifyRequest): boolean {
  if (PROXY_HEADERS.some((name) => request.headers[name] !== undefined)) return false;
  const { remoteAddress, remoteFamily } = request.raw.socket;
  // The other end of a Unix socket has no address, and neither does one that is gone.
  if (remoteAddress === undefined) return remoteFamily === undefined;
  return isLoopbackAddress(remoteAddress.replace(/^::ffff:/, ''));
}
