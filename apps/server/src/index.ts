export { createToken, readTokens, removeToken, type StoredToken } from './access/long-lived-tokens.ts';
export { accessPlaces } from './access/open-access.ts';
export { addUser, readUsers, removeUser } from './access/users-file.ts';
export { type HousekeepingPlan, readHousekeepingPlan } from './housekeeping/read-plan.ts';
export type { HousekeepingSettings } from './housekeeping/settings.ts';
export { type ListenAddress, parseListenAddress } from './listen/address.ts';
export { takeActivatedSockets } from './listen/systemd.ts';
export { toMirrorSettings } from './mirror/settings.ts';
export { askHealth } from './operating/ask-health.ts';
export { linesTogether } from './operating/lines-together.ts';
export { createLog, type LogOptions } from './operating/log.ts';
export type { Log, Logger, LogLevel } from './operating/logger.ts';
export { takeNotify } from './operating/notify.ts';
export { reloadSettings, watchSettings } from './operating/reload.ts';
export type { RegistryBackend } from './registry/backend.ts';
export {
  createServer,
  type ListenOptions,
  type RunningServer,
  type ServerOptions,
  type StartOptions,
  startServer,
} from './server.ts';
export { type LoadedSettings, loadSettings } from './settings/load-settings.ts';
export { settingsFileWith } from './settings/settings-file.ts';
