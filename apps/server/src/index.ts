export type { HousekeepingSettings } from './housekeeping/settings.ts';
export type { RegistryBackend } from './registry/backend.ts';
export {
  createServer,
  type RunningServer,
  type ServerOptions,
  type StartOptions,
  startServer,
} from './server.ts';
