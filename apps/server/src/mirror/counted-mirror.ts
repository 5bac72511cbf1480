import type { Metrics } from '../operating/metrics.ts';
import type { MirrorBackend } from './backend.ts';

/** The same mirror, which counts what it has and what it has to ask for. */
export function countedMirror(mirror: MirrorBackend, metrics: Metrics): MirrorBackend {
  const blobs = metrics.counter({
    name: 'wherry_mirror_blobs_total',
    help: 'Blobs of mirrored repositories that were asked for: a hit was here, a miss was fetched or is none.',
    labels: ['upstream', 'outcome'],
  });
  const manifests = metrics.counter({
    name: 'wherry_mirror_manifests_total',
    help: 'Manifests of mirrored repositories that were asked for: good, stale (the upstream is away), none or failed.',
    labels: ['upstream', 'outcome'],
  });
  return {
    ...mirror,
    openBlob: async (of, digest) => {
      const blob = await mirror.openBlob(of, digest);
      blobs.add([of.upstream, blob?.isCached ? 'hit' : 'miss']);
      return blob;
    },
    findManifest: async (of, reference) => {
      let outcome = 'failed';
      try {
        const found = await mirror.findManifest(of, reference);
        outcome = found === undefined ? 'none' : found.staleness ? 'stale' : 'good';
        return found;
      } finally {
        manifests.add([of.upstream, outcome]);
      }
    },
  };
}
