import { copyNames } from './copy-names.ts';
import { visibleNames } from './merged-layers.ts';
import type { Snapshot } from './snapshots/snapshot.ts';

/**
 * Copies what an overlay of unpacked layers, base first, would show into an empty directory. Throws
 * `UNSUPPORTED` without a usable tar program, `NO_SPACE`, `CANCELLED`.
 */
export async function copyLayers(
  layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const visible = await visibleNames(layers);
  const copyAll = async (kind: 'directories' | 'others') => {
    for (const [index, { directory }] of layers.entries())
      await copyNames(directory, target, visible[index]?.[kind] ?? [], { ...(signal && { signal }) });
  };
  await copyAll('directories');
  await copyAll('others');
  // What came into the directories has changed their times.
  await copyAll('directories');
}
