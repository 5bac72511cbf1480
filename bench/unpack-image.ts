// Unpacks an image of an OCI layout as the first container of it would: `node bench/unpack-image.ts LAYOUT ROOT`.
import { readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Snapshots } from '../packages/core/dist/rootfs/snapshots/snapshots.js';

type Layers = Parameters<Snapshots['ensure']>[0];

/** The layers of the first image in a layout. */
export function layersOf(layout: string): Layers {
  const read = (digest: string) =>
    JSON.parse(readFileSync(join(layout, 'blobs', ...digest.split(':')), 'utf8'));
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  let manifest = read(index.manifests[0].digest);
  while (manifest.manifests) manifest = read(manifest.manifests[0].digest);
  const { diff_ids: diffIDs } = read(manifest.config.digest).rootfs;
  return manifest.layers.map(({ digest: blob }: { digest: string }, i: number) => ({
    diffID: diffIDs[i],
    blob,
  }));
}

/** Snapshots in `root`, a directory of its own, of what lies in `layout`. */
export function snapshotsOf(layout: string, root: string): Snapshots {
  symlinkSync(resolve(layout, 'blobs'), join(root, 'blobs'));
  return new Snapshots(root);
}

if (import.meta.main) {
  const [layout = '', root = ''] = process.argv.slice(2);
  await using _ = await snapshotsOf(layout, root).ensure(layersOf(layout));
}
