import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../../content/names-in.ts';
import { isErrno, WherryError } from '../../../errors.ts';
import type { VerbOptions } from '../../../events.ts';
import { mountRootfs, unmountRootfs } from '../../../rootfs/overlay.ts';
import { detectOwnership } from '../../../rootfs/privileges.ts';
import type { SnapshotLease } from '../../../rootfs/snapshots/snapshot.ts';
import { SUBORDINATE_IDS_CURE } from '../../../rootfs/unpack/unpack-error.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import { ownIdCounts } from '../../../runtime/namespace/subordinate-ids.ts';
import { requireLayerVariant } from '../../store/layer-variant.ts';
import type { ContainerDeps } from '../container-deps.ts';
import { containerPlaces } from '../container-places.ts';
import { isMountedAt } from './settle.ts';

type LayerDeps = Pick<ContainerDeps, 'store' | 'snapshots'>;

/** Says with its time when the copy of a container's layers was complete. */
const COPIED = 'copied';

/** Layers can be mounted only by root, if only that of a user namespace, where there may be nobody else. */
export function requireRoot({ onProgress }: VerbOptions = {}): void {
  const ownership = detectOwnership();
  if (ownership === 'user')
    throw new WherryError(
      'UNSUPPORTED',
      'running containers needs root, of the machine or of a user namespace',
      {
        hint: 'the command line makes a namespace; who uses the library runs in one, or as root',
      },
    );
  if (ownership === 'namespace' && ownIdCounts().users === 1)
    onProgress?.({
      kind: 'warning',
      message: `there is only one user in the container: images whose files belong to others cannot run. To run them, ${SUBORDINATE_IDS_CURE}`,
    });
}

/**
 * Makes the root file system of a container whose lock the caller holds: layers unpacked and held, overlay mounted,
 * or, where there can be none, copied. `clearAway` takes it away. Throws what unpacking and mounting throw.
 */
export async function mountLayers(
  deps: LayerDeps,
  record: ContainerRecord,
  options: VerbOptions = {},
): Promise<void> {
  const { paths, rootfs } = containerPlaces(deps.store.root, record.id);
  await using lease = await unpackLayers(deps, record, options);
  await lease.hold(record.id);
  // Whoever ran it before was killed, or it is a copy, whose changes are in it.
  if (await isMountedAt(rootfs)) await unmountRootfs(rootfs);
  else if ((await namesIn(rootfs)).length > 0) return;
  const request = { layers: lease.snapshots, target: rootfs, changes: paths.directory };
  const { kind } = await mountRootfs(request, options);
  if (kind === 'copy') await writeFile(join(paths.directory, COPIED), '');
}

/** Has the layers of a container unpacked, base first. */
export async function unpackLayers(
  { store, snapshots }: LayerDeps,
  { id }: ContainerRecord,
  options: VerbOptions,
): Promise<SnapshotLease> {
  const layers = [];
  for (const layer of store.metadata.layersOfContainer(id))
    layers.push({ diffID: layer.diffID, blob: (await requireLayerVariant(store, layer)).digest });
  return await snapshots.ensure(layers, options);
}

/** Tells whether a container has a copy of its layers, and not an overlay. */
export async function hasCopy(root: string, id: string): Promise<boolean> {
  const { rootfs } = containerPlaces(root, id);
  return (await namesIn(rootfs)).length > 0 && !(await isMountedAt(rootfs));
}

/** When the copy of a container's layers was complete; `undefined`: nobody noted it. */
export async function copiedAt(root: string, id: string): Promise<Date | undefined> {
  try {
    return (await stat(join(containerPlaces(root, id).paths.directory, COPIED))).mtime;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
