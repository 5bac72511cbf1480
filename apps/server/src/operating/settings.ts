import { type SettingsOf, section } from '../settings/section.ts';
import { LOG_LEVELS } from './logger.ts';

export const LOG_SECTION = section({
  name: 'log',
  doc: 'What the service writes to standard error: a line for each request and for each fault.',
  fields: {
    level: {
      kind: 'string',
      choices: LOG_LEVELS,
      default: 'info',
      reloadable: true,
      doc: 'The least severe lines that are written. Requests are "info", probes and scrapes "debug".',
    },
    format: {
      kind: 'string',
      choices: ['auto', 'json', 'text'],
      default: 'auto',
      doc: '"json": an object a line, for programs. "text": for people. "auto": "text" on a terminal, else "json".',
    },
  },
});
export type LogSettings = SettingsOf<typeof LOG_SECTION>;

export const METRICS_SECTION = section({
  name: 'metrics',
  doc: 'GET /metrics, in the text format of Prometheus.',
  fields: {
    enabled: { kind: 'boolean', default: true, doc: 'Whether the service counts and tells what it does.' },
    public: {
      kind: 'boolean',
      default: false,
      reloadable: true,
      doc: 'Whether anyone may read it. Otherwise requests from this machine may, and callers who administer the service.',
    },
  },
});
export type MetricsSettings = SettingsOf<typeof METRICS_SECTION>;

export const HEALTH_SECTION = section({
  name: 'health',
  doc: 'GET /healthz (the service answers) and GET /readyz (it can do its work; 503 with the reasons when not).',
  fields: {
    public: {
      kind: 'boolean',
      default: false,
      reloadable: true,
      doc: 'Whether anyone may ask, as the probes of a cluster do. Otherwise as with [metrics].',
    },
    minFreeSpace: {
      kind: 'size',
      default: 2 ** 30,
      reloadable: true,
      doc: 'The service is not ready while less than this is free where its store is.',
    },
  },
});
export type HealthSettings = SettingsOf<typeof HEALTH_SECTION>;
