import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isWherryError } from '../../errors.ts';
import type { Store } from '../store/store.ts';

/**
 * Removes unpacked layers that no image has any more and no container uses; tells how many bytes of files were in
 * them.
 */
export async function removeUnneededSnapshots(store: Store): Promise<number> {
  if (!existsSync(join(store.root, 'snapshots'))) return 0;
  const { Snapshots } = await import('../../rootfs/snapshots.ts');
  const snapshots = new Snapshots(store.root);
  const needed = new Set(
    store.metadata.listImages().flatMap(({ layers }) => layers.map(({ diffID }) => diffID)),
  );
  let bytes = 0;
  for (const { diffID, isInUse, size } of await snapshots.list()) {
    if (isInUse || needed.has(diffID)) continue;
    try {
      if (await snapshots.remove(diffID)) bytes += size;
    } catch (error) {
      // Somebody came to use it just now.
      if (!isWherryError(error, 'CONFLICT')) throw error;
    }
  }
  return bytes;
}
