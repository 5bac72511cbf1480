import type { CollectGarbageResult, Notifications } from '@wherry/core';
import { type Metrics, NO_METRICS } from '../operating/metrics.ts';

/** Seconds: from a small store to one of millions of blobs on slow disks. */
const DURATION_BUCKETS = [0.1, 1, 10, 60, 600, 3600];
const MS_PER_S = 1000;

/** Where the collections of this process are counted. */
export interface CollectionCounts {
  done(result: CollectGarbageResult, ms: number): void;
  failed(): void;
  /** Tags that retention took off. */
  untagged(tags: number): void;
}

/** Declares what is counted of garbage collections. */
export function collectionCounts(metrics: Metrics): CollectionCounts {
  const runs = metrics.counter({
    name: 'wherry_gc_runs_total',
    help: 'Garbage collections of this process: done or failed.',
    labels: ['outcome'],
  });
  const seconds = metrics.distribution(
    { name: 'wherry_gc_duration_seconds', help: 'Time that a garbage collection took, with its retention.' },
    DURATION_BUCKETS,
  );
  const objects = metrics.counter({
    name: 'wherry_gc_objects_total',
    help: 'What went into the trash, for good (reclaimed: from the trash, and broken uploads), or out of a repository (dropped: manifests).',
    labels: ['fate'],
  });
  const bytes = metrics.counter({
    name: 'wherry_gc_bytes_total',
    help: 'Bytes that went into the trash, or for good.',
    labels: ['fate'],
  });
  const tags = metrics.counter({
    name: 'wherry_retention_tags_total',
    help: 'Tags that retention took off.',
  });
  // A rate of failures needs a zero to begin with.
  for (const outcome of ['done', 'failed']) runs.add([outcome], 0);
  return {
    done: ({ items, trashedBytes, reclaimedBytes }, ms) => {
      runs.add(['done']);
      seconds.observe(ms / MS_PER_S);
      for (const { kind } of items) objects.add([FATES[kind]]);
      bytes.add(['trashed'], trashedBytes);
      bytes.add(['reclaimed'], reclaimedBytes);
    },
    failed: () => runs.add(['failed']),
    untagged: (count) => tags.add([], count),
  };
}

/** Counts nothing. */
export const NO_COUNTS = collectionCounts(NO_METRICS);

const FATES = {
  manifest: 'dropped',
  blob: 'trashed',
  trash: 'reclaimed',
  upload: 'reclaimed',
} as const satisfies Record<CollectGarbageResult['items'][number]['kind'], string>;

/** Tells what becomes of events, whichever process of the store tells the endpoints. */
export function countWebhooks(metrics: Metrics, notifications: Pick<Notifications, 'counts'>): void {
  const labels = ['endpoint'];
  const by = (what: 'waiting' | 'delivered' | 'dropped' | 'failures') => () =>
    new Map(notifications.counts().map((counts) => [counts.endpoint, counts[what]]));
  const name = 'wherry_webhook';
  metrics.gauge(
    { name: `${name}_waiting_events`, help: 'Events that wait to be told.', labels },
    by('waiting'),
  );
  metrics.total({ name: `${name}_delivered_total`, help: 'Events that were told.', labels }, by('delivered'));
  metrics.total(
    { name: `${name}_dropped_total`, help: 'Events that go untold, because too many waited.', labels },
    by('dropped'),
  );
  metrics.total(
    { name: `${name}_failures_total`, help: 'Attempts to tell that failed.', labels },
    by('failures'),
  );
}
