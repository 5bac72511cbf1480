import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GrowingFile } from '../src/layer/growing-file.ts';
import { LayerPassPool } from '../src/layer/pass-pool.ts';

// Time of the layer pass over every layer of an OCI layout: node bench/layer.ts LAYOUT [RUNS]

interface Document {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly layers?: readonly { readonly digest: string; readonly size: number }[];
}

const layout = process.argv[2];
const runs = Number(process.argv[3] ?? 3);
if (layout === undefined) throw new Error('usage: node bench/layer.ts LAYOUT [RUNS]');

const blobPath = (digest: string): string => join(layout, 'blobs', ...digest.split(':'));
const readJson = (path: string): Document => JSON.parse(readFileSync(path, 'utf8')) as Document;

function layersOf(document: Document): { path: string; size: number }[] {
  const below = (document.manifests ?? []).flatMap(({ digest }) => layersOf(readJson(blobPath(digest))));
  const own = (document.layers ?? []).map(({ digest }) => ({
    path: blobPath(digest),
    size: statSync(blobPath(digest)).size,
  }));
  return [...own, ...below];
}

const layers = layersOf(readJson(join(layout, 'index.json')));
const tocs = mkdtempSync(join(tmpdir(), 'layer-bench-'));
await using pool = new LayerPassPool();
try {
  for (let run = 0; run < runs; run++) {
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const facts = await Promise.all(
      layers.map(({ path, size }, i) => {
        const file = new GrowingFile(path, size);
        file.end();
        return pool.run({ file, size, hashEngine: 'node', tocPath: join(tocs, String(i)) });
      }),
    );
    const wall = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpu = (user + system) / 1e6;
    const megabytes = facts.reduce((sum, { tarSize }) => sum + tarSize, 0) / 1e6;
    const entries = facts.reduce((sum, fact) => sum + fact.entries, 0);
    const tocBytes = layers.reduce((sum, _, i) => sum + statSync(join(tocs, String(i))).size, 0);
    console.log(
      `${layers.length} layers, ${megabytes.toFixed(0)} MB of tar, ${entries} entries: ` +
        `${wall.toFixed(2)} s wall, ${cpu.toFixed(2)} s CPU, ${(megabytes / wall).toFixed(0)} MB/s; ` +
        `tables of contents ${(tocBytes / 1e6).toFixed(2)} MB; ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB resident`,
    );
  }
} finally {
  rmSync(tocs, { recursive: true });
}
