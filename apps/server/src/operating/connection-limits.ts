import type { Server } from 'node:http';
import type { LimitsSettings } from './settings.ts';

/** Sets what connections may cost; to be called before the server listens. */
export function limitConnections(server: Server, limits: LimitsSettings): void {
  if (limits.maxConnections !== undefined) server.maxConnections = limits.maxConnections;
  server.headersTimeout = limits.headerTimeout;
  server.keepAliveTimeout = limits.idleTimeout;
}
