import { expect, test } from 'vitest';
import { createPrometheus } from '../operating/prometheus.ts';
import { collectionCounts, countWebhooks } from './metrics.ts';

const linesOf = async (prometheus: ReturnType<typeof createPrometheus>) =>
  (await prometheus.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('counts collections, and what they took', async () => {
  const prometheus = createPrometheus({ ofProcess: false });
  const counts = collectionCounts(prometheus);
  expect(await linesOf(prometheus)).toContain('wherry_gc_runs_total{outcome="failed"} 0');
  const items = [
    { kind: 'manifest', subject: 'a@x', bytes: 1 },
    { kind: 'blob', subject: 'x', bytes: 2 },
    { kind: 'blob', subject: 'y', bytes: 3 },
    { kind: 'trash', subject: 'z', bytes: 4 },
    { kind: 'upload', subject: 'u', bytes: 5 },
  ] as const;
  counts.untagged(4);
  counts.done({ items, trashedBytes: 5, reclaimedBytes: 9 }, 1_500);
  counts.failed();
  const lines = await linesOf(prometheus);
  expect(lines.filter((line) => !line.includes('_bucket'))).toEqual([
    'wherry_gc_runs_total{outcome="done"} 1',
    'wherry_gc_runs_total{outcome="failed"} 1',
    'wherry_gc_objects_total{fate="dropped"} 1',
    'wherry_gc_objects_total{fate="trashed"} 2',
    'wherry_gc_objects_total{fate="reclaimed"} 2',
    'wherry_gc_bytes_total{fate="trashed"} 5',
    'wherry_gc_bytes_total{fate="reclaimed"} 9',
    'wherry_retention_tags_total 4',
    'wherry_gc_duration_seconds_sum 1.5',
    'wherry_gc_duration_seconds_count 1',
  ]);
});

test('tells of webhooks what the store knows, at each reading, and nothing while it cannot be read', async () => {
  const prometheus = createPrometheus({ ofProcess: false });
  let delivered = 3;
  let isBroken = false;
  countWebhooks(prometheus, {
    counts: () => {
      if (isBroken) throw new Error('database is locked');
      return [{ endpoint: 'hook', waiting: 2, dropped: 1, delivered, failures: 4 }];
    },
  });
  const told = (count: number) => [
    'wherry_webhook_waiting_events{endpoint="hook"} 2',
    `wherry_webhook_delivered_total{endpoint="hook"} ${count}`,
    'wherry_webhook_dropped_total{endpoint="hook"} 1',
    'wherry_webhook_failures_total{endpoint="hook"} 4',
  ];
  expect(await linesOf(prometheus)).toEqual(told(3));
  delivered = 5;
  expect(await linesOf(prometheus)).toEqual(told(5));
  isBroken = true;
  expect(await linesOf(prometheus)).toEqual([]);
});
