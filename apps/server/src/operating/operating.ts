import { type RegistryService, VERSION } from '@wherry/core';
import type { ServiceSettings } from '../settings/service-settings.ts';
import { type Metrics, NO_METRICS } from './metrics.ts';
import { createPrometheus } from './prometheus.ts';
import { freeSpace, Readiness } from './readiness.ts';
import type { OperatingBackend } from './router.ts';

export interface OperatingDeps {
  /** Directory of the store. */
  readonly root: string;
  readonly registry: Pick<RegistryService, 'listRepositories' | 'countUploads'>;
  /** As they are now: some change while the service runs. */
  readonly settings: () => Pick<ServiceSettings, 'health' | 'metrics'>;
}

export interface Operating {
  readonly backend: OperatingBackend;
  readonly readiness: Readiness;
  /** Where the rooms count. */
  readonly metrics: Metrics;
}

/** Makes what watches over a service: its health, and its metrics if they are wanted. */
export function openOperating({ root, registry, settings }: OperatingDeps): Operating {
  const readMetadata = () => registry.listRepositories({ limit: 1 });
  const readiness = new Readiness({ root, readMetadata, minFreeSpace: () => settings().health.minFreeSpace });
  const prometheus = settings().metrics.enabled ? createPrometheus() : undefined;
  const metrics = prometheus ?? NO_METRICS;
  metrics.gauge(
    { name: 'wherry_build_info', help: 'The version that runs; always 1.', labels: ['version'] },
    () => new Map([[VERSION, 1]]),
  );
  metrics.gauge({ name: 'wherry_store_free_bytes', help: 'Free space where the store is.' }, () =>
    freeSpace(root),
  );
  metrics.gauge({ name: 'wherry_upload_sessions', help: 'Uploads that are begun and not ended.' }, () =>
    registry.countUploads(),
  );
  metrics.gauge({ name: 'wherry_ready', help: 'Whether /readyz says 200.' }, async () =>
    (await readiness.reasons()).length === 0 ? 1 : 0,
  );
  const backend = {
    readiness,
    ...(prometheus && { prometheus }),
    isPublic: (what: 'health' | 'metrics') => settings()[what].public,
  };
  return { backend, readiness, metrics };
}
