import type { Digest } from '@wherry/core';
import { expect, test } from 'vitest';
import { createPrometheus } from '../operating/prometheus.ts';
import type { MirrorBackend } from './backend.ts';
import { countedMirror } from './counted-mirror.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as Digest;
const OF = { upstream: 'docker.io', repository: 'library/alpine' };
const DESCRIPTOR = { mediaType: 'application/json', digest: DIGEST, size: 2 };

test('counts what was here, what was not, and what the upstream could not say', async () => {
  let isCached = false;
  const found: Record<string, unknown> = {
    good: { descriptor: DESCRIPTOR },
    stale: { descriptor: DESCRIPTOR, staleness: { ageMs: 1 } },
  };
  const mirror = {
    openBlob: async () => ({ digest: DIGEST, size: 2, ...(isCached && { isCached: true }) }),
    findManifest: async (_of: unknown, reference: string) => {
      if (reference === 'failed') throw new Error('away');
      return found[reference];
    },
  } as unknown as MirrorBackend;
  const prometheus = createPrometheus({ ofProcess: false });
  const counted = countedMirror(mirror, prometheus);
  await counted.openBlob(OF, DIGEST);
  isCached = true;
  await counted.openBlob(OF, DIGEST);
  await counted.openBlob(OF, DIGEST);
  for (const reference of ['good', 'stale', 'none']) await counted.findManifest(OF, reference);
  await expect(counted.findManifest(OF, 'failed')).rejects.toThrow('away');
  const lines = (await prometheus.text()).split('\n').filter((line) => line.startsWith('wherry_'));
  expect(lines).toEqual([
    'wherry_mirror_blobs_total{upstream="docker.io",outcome="miss"} 1',
    'wherry_mirror_blobs_total{upstream="docker.io",outcome="hit"} 2',
    'wherry_mirror_manifests_total{upstream="docker.io",outcome="good"} 1',
    'wherry_mirror_manifests_total{upstream="docker.io",outcome="stale"} 1',
    'wherry_mirror_manifests_total{upstream="docker.io",outcome="none"} 1',
    'wherry_mirror_manifests_total{upstream="docker.io",outcome="failed"} 1',
  ]);
});
