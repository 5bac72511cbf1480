// Holds wherry against Docker's and its neighbours' tools, side by side in one run: `npm run bench`.
// Options: --images DIR (a workload), --only TEXT (jobs whose name has it), --rounds N, --json FILE.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCopyJob, buildRunJob } from './build-jobs.ts';
import { commitJob, firstRunJob, startJob, unpackJob } from './container-jobs.ts';
import {
  type Bench,
  copyJob,
  importJob,
  type Job,
  loadJob,
  pullJob,
  pushJob,
  removeScratch,
  saveJob,
  serveJob,
} from './jobs.ts';
import {
  completeCommandJob,
  completeNameJob,
  engineImagesJob,
  historyJob,
  imagesJob,
  imagesJsonJob,
  inspectJob,
  manyImagesJob,
  pruneJob,
} from './local-jobs.ts';
import { median, type Run, race } from './measure.ts';
import { mirrorHitJob, mirrorMissJob } from './mirror-jobs.ts';
import { missingPrograms } from './peers.ts';
import { registryReadJob, registryUploadJob } from './registry-jobs.ts';

const JOBS: readonly Job[] = [
  pullJob('stack', { docker: 0.25, skopeo: 1.8 }),
  pullJob('big', { docker: 0.35, skopeo: 2.0 }, 3),
  pullJob('small', { docker: 0.9 }, 7),
  pushJob('stack', false, { docker: 0.1, skopeo: 0.95 }, 3),
  pushJob('stack', true, { skopeo: 1.0 }, 7),
  copyJob('stack', { skopeo: 1.0 }, 7),
  serveJob('stack', { 'docker-registry': 1.0 }, 7),
  mirrorHitJob('stack', { 'own registry': 1.1 }, 7),
  mirrorMissJob('stack', { 'docker-registry': 1.15 }, 7),
  registryReadJob('/v2/', 20_000, 0.1),
  registryReadJob('manifest by tag', 20_000, 0.1),
  registryReadJob('manifest by digest', 20_000, 0.1),
  registryReadJob('HEAD of a manifest', 20_000, 0.1),
  registryReadJob('list of tags', 20_000, 0.1),
  registryReadJob('blob of 64 KiB', 10_000, 0.2),
  registryReadJob('blob of 100 MB', 100, 1.1, { blobBytes: 100_000_000 }),
  registryUploadJob(400, 0.5),
  saveJob('stack', false, { docker: 0.12 }),
  saveJob('stack', true, { docker: 0.6 }, 3),
  loadJob('stack', { docker: 0.25 }, 3),
  importJob('rootfs.tar', { docker: 0.45 }),
  importJob('rootfs.tar.gz', { docker: 0.5 }),
  unpackJob('stack', { umoci: 0.5 }),
  startJob('small', { podman: 0.6 }),
  firstRunJob('stack', { docker: 0.6 }),
  commitJob('stack', { docker: 1.0 }),
  buildRunJob('cold', { buildkit: 1 }, 3),
  buildRunJob('cached', { buildkit: 1.3 }, 7),
  buildCopyJob('cold', { buildah: 0.3, buildkit: 0.3 }, 3),
  buildCopyJob('cached', { buildkit: 1 }),
  buildCopyJob('one file changed', { buildkit: 1 }, 3),
  imagesJob(10, { 'node -e 0': 1.7 }),
  imagesJob(1000, { docker: 0.8 }),
  engineImagesJob(1000, 0.8),
  manyImagesJob(10_000, 1000, 3),
  imagesJsonJob(1000, 1.3),
  inspectJob(1.8),
  historyJob(1.8),
  completeCommandJob(2),
  completeNameJob(2),
  pruneJob(1000, { docker: 0.25 }),
];

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: process.env.WHERRY_BENCH_IMAGES ?? '/var/tmp/images' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    json: { type: 'string' },
  },
});

const jobs = JOBS.filter(({ name }) => name.includes(values.only));
const needsPeers = jobs.some(({ isAlone }) => !isAlone);
const missing = missingPrograms('docker', 'dockerd', 'podman', 'skopeo', 'docker-registry', 'umoci');
if (needsPeers && (missing.length > 0 || !existsSync(join(values.images, 'stack', 'oci')))) {
  console.error(
    `cannot measure: ${missing.length > 0 ? `${missing.join(', ')} not installed` : `no images in ${values.images}`}`,
  );
  process.exit(1);
}

const bench: Bench = {
  images: values.images,
  scratch: mkdtempSync(join(process.env.WHERRY_BENCH_TMP ?? tmpdir(), 'wherry-bench-')),
  wherry: [process.execPath, new URL('../apps/cli/dist/wherry.js', import.meta.url).pathname],
};
const results: Record<string, unknown>[] = [];
try {
  for (const job of jobs) results.push(...(await runJob(job)));
} finally {
  removeScratch(bench);
}
if (values.json) writeFileSync(values.json, JSON.stringify(results, undefined, 2));

async function runJob(job: Job): Promise<Record<string, unknown>[]> {
  const { list, close } = await job.contestants(bench);
  try {
    const runs = await race(list, values.rounds ? Number(values.rounds) : job.rounds);
    return report(job, runs);
  } finally {
    await close();
  }
}

function report(job: Job, runs: ReadonlyMap<string, Run[]>): Record<string, unknown>[] {
  console.log(`\n${job.name}`);
  const own = median((runs.get('wherry') ?? []).map(({ wallSeconds }) => wallSeconds));
  return [...runs].map(([name, list]) => {
    const wall = median(list.map(({ wallSeconds }) => wallSeconds));
    const cpu = median(list.map(({ cpuSeconds }) => cpuSeconds));
    const peak = Math.max(...list.map(({ peakMegabytes }) => peakMegabytes));
    const goal = job.goals[name];
    const ratio = own / wall;
    const verdict =
      goal === undefined ? '' : ratio <= goal ? `goal ${goal}: reached` : `goal ${goal}: missed`;
    console.log(
      `  ${name.padEnd(15)} ${wall.toFixed(3).padStart(8)} s  cpu ${cpu.toFixed(2).padStart(6)} s  peak ${peak.toFixed(0).padStart(5)} MB` +
        (name === 'wherry' ? '' : `  wherry/${name} ${ratio.toFixed(2)}  ${verdict}`),
    );
    return { job: job.name, name, wall, cpu, peak, ratio, goal };
  });
}
