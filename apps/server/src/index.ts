export { readAddress } from './listen/host-port.ts';
export { createLog, type LogOptions } from './operating/log.ts';
export type { Log, Logger, LogLevel } from './operating/logger.ts';
export { takeNotify } from './operating/notify.ts';
export { reloadSettings } from './operating/reload.ts';
export type { RegistryBackend } from './registry/backend.ts';
export {
  createServer,
  type RunningServer,
  type ServerOptions,
  type StartOptions,
  startServer,
} from './server.ts';
export { type LoadedSettings, loadSettings } from './settings/load-settings.ts';
