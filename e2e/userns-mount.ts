// Unpacks and mounts an image where it is run, and prints what is there: LAYOUT ROOT TARGET CHANGES.
import { layersOf, snapshotsOf } from '../bench/unpack-image.ts';
import { mountRootfs } from '../packages/core/dist/rootfs/overlay.js';
import { describeTree } from '../packages/core/dist/testing/describe-tree.js';

const [layout = '', root = '', target = '', changes = ''] = process.argv.slice(2);
const warnings: string[] = [];
const onProgress = (event: { kind: string; message?: string }) => {
  if (event.kind === 'warning') warnings.push(event.message ?? '');
};
await using lease = await snapshotsOf(layout, root).ensure(layersOf(layout), { onProgress });
const { kind } = await mountRootfs({ layers: lease.snapshots, target, changes }, { onProgress });
const names = describeTree(target).map(({ name }) => name);
process.stdout.write(JSON.stringify({ kind, names, warnings }));
