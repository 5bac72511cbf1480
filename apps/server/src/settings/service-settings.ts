import { ACCESS_SECTION } from '../access/settings.ts';
import { GC_SECTION, QUOTA_SECTION, RETENTION_SECTION, WEBHOOK_SECTION } from '../housekeeping/settings.ts';
import { LIMITS_SECTION, LISTEN_SECTION } from '../listen/settings.ts';
import { MIRROR_SECTION } from '../mirror/settings.ts';
import { HEALTH_SECTION, LOG_SECTION, METRICS_SECTION } from '../operating/settings.ts';
import { REGISTRY_SECTION } from '../registry/settings.ts';
import { defaultsOf, type SettingsOfAll } from './section.ts';

/** Every table of the settings file, in the order in which it is printed. */
export const SECTIONS = [
  LISTEN_SECTION,
  ACCESS_SECTION,
  REGISTRY_SECTION,
  MIRROR_SECTION,
  GC_SECTION,
  RETENTION_SECTION,
  QUOTA_SECTION,
  WEBHOOK_SECTION,
  LIMITS_SECTION,
  LOG_SECTION,
  HEALTH_SECTION,
  METRICS_SECTION,
] as const;

export type ServiceSettings = SettingsOfAll<typeof SECTIONS>;

/** What holds where nobody says anything. */
export function defaultSettings(): ServiceSettings {
  return Object.fromEntries(
    SECTIONS.map((section) => [section.name, defaultsOf(section)]),
  ) as unknown as ServiceSettings;
}
