import { readAddress } from '../listen/host-port.ts';
import { type SettingsOf, section } from '../settings/section.ts';
import { LOG_LEVELS } from './logger.ts';

export const LISTEN_SECTION = section({
  name: 'listen',
  doc: 'Where the service listens, and how it stops.',
  fields: {
    addr: {
      kind: 'list',
      default: ['127.0.0.1:5000'],
      check: (text) =>
        'problem' in readAddress(text) ? 'want HOST:PORT, such as 127.0.0.1:5000' : undefined,
      doc: 'Addresses as HOST:PORT; port 0 is any free one. The flag --addr stands for it.',
    },
    drain: {
      kind: 'duration',
      default: 10_000,
      doc: 'What running requests get to finish once the service is told to stop; then they are cut. Uploads that are cut go on where they were.',
    },
  },
});
export type ListenSettings = SettingsOf<typeof LISTEN_SECTION>;

export const LIMITS_SECTION = section({
  name: 'limits',
  doc: 'What one client may cost.',
  fields: {
    maxConnections: {
      kind: 'integer',
      min: 1,
      max: 1_000_000,
      doc: 'Connections at the same time; further ones are closed at once. Absent: as many as there may be open files.',
    },
    headerTimeout: {
      kind: 'duration',
      default: 60_000,
      min: 1000,
      doc: 'How long the headers of a request may take to arrive.',
    },
    idleTimeout: {
      kind: 'duration',
      default: 72_000,
      min: 1000,
      doc: 'How long a connection without a request is kept. Let it be longer than that of a proxy before the service.',
    },
  },
});
export type LimitsSettings = SettingsOf<typeof LIMITS_SECTION>;

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
