import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../../digest.ts';
import { isWherryError } from '../../../errors.ts';
import type { Store } from '../../store/store.ts';

/**
 * Removes unpacked layers that no image has any more and no container uses; tells how many bytes of files were in
 * them.
 */
export async function removeUnneededSnapshots(store: Store): Promise<number> {
  const needed = new Set(
    store.metadata.listImages().flatMap(({ layers }) => layers.map(({ diffID }) => diffID)),
  );
  return (await removeSnapshotsBut(store, { needed })).reclaimedBytes;
}

export interface RemovedSnapshots {
  /** The diffIDs of the layers. */
  readonly deleted: readonly Digest[];
  /** Bytes of the files in them. */
  readonly reclaimedBytes: number;
}

/** Removes unpacked layers but for those that are needed, and those that a container that runs, or starts, uses. */
export async function removeSnapshotsBut(
  store: Store,
  { needed, dryRun = false }: { readonly needed: ReadonlySet<Digest>; readonly dryRun?: boolean },
): Promise<RemovedSnapshots> {
  const deleted: Digest[] = [];
  let reclaimedBytes = 0;
  if (!existsSync(join(store.root, 'snapshots'))) return { deleted, reclaimedBytes };
  const { Snapshots } = await import('../../../rootfs/snapshots/snapshots.ts');
  const snapshots = new Snapshots(store.root);
  for (const { diffID, isInUse, size } of await snapshots.list()) {
    if (isInUse || needed.has(diffID)) continue;
    try {
      if (!dryRun && !(await snapshots.remove(diffID))) continue;
    } catch (error) {
      // Somebody came to use it just now.
      if (isWherryError(error, 'CONFLICT')) continue;
      throw error;
    }
    deleted.push(diffID);
    reclaimedBytes += size;
  }
  return { deleted, reclaimedBytes };
}
