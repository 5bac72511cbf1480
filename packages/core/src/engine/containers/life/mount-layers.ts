import { mkdirSync, rmSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../../content/names-in.ts';
import { isErrno, WherryError } from '../../../errors.ts';
import type { VerbOptions } from '../../../events.ts';
import { mountRootfs, unmountRootfs } from '../../../rootfs/overlay.ts';
import { linkOverlay } from '../../../rootfs/overlay-options.ts';
import { checkLayerCount, planOverlay } from '../../../rootfs/overlay-plan.ts';
import { detectOwnership } from '../../../rootfs/privileges.ts';
import type { SnapshotLease } from '../../../rootfs/snapshots/snapshot.ts';
import type { EnsureOptions } from '../../../rootfs/snapshots/snapshots.ts';
import { SUBORDINATE_IDS_CURE } from '../../../rootfs/unpack/unpack-error.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import { ownIdCounts } from '../../../runtime/namespace/subordinate-ids.ts';
import { findProgram } from '../../../runtime/program.ts';
import type { SupervisedOverlay } from '../../../runtime/supervisor-process.ts';
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
  await using lease = await unpackLayers(deps, record, { ...options, holder: record.id });
  // Whoever ran it before was killed, or it is a copy, whose changes are in it.
  if (await isMountedAt(rootfs)) await unmountRootfs(rootfs);
  else if ((await namesIn(rootfs)).length > 0) return;
  const request = { layers: lease.snapshots, target: rootfs, changes: paths.directory };
  const { kind } = await mountRootfs(request, options);
  if (kind === 'copy') await writeFile(join(paths.directory, COPIED), '');
}

/**
 * Makes ready what only the container and its supervisor shall see of a root file system: nothing needs to be unmounted
 * then, and nothing can stay mounted. For a container that is removed when it ends, because what it changed is gone
 * after a loss of power. `undefined`: there is no such overlay for it. Layers are held, as by `mountLayers`.
 */
export async function planOwnOverlay(
  deps: LayerDeps,
  record: ContainerRecord,
  options: VerbOptions,
): Promise<SupervisedOverlay | undefined> {
  const ownership = detectOwnership();
  if (!record.autoRemove || !mayBeApart(record) || ownership === 'user' || !findProgram(['unshare']))
    return undefined;
  const { paths, rootfs } = containerPlaces(deps.store.root, record.id);
  if ((await namesIn(rootfs)).length > 0) return undefined;
  const { snapshots: layers } = await unpackLayers(deps, record, { ...options, holder: record.id });
  const links = join(paths.directory, 'links');
  rmSync(links, { recursive: true, force: true });
  for (const directory of [links, rootfs]) mkdirSync(directory, { recursive: true, mode: 0o755 });
  checkLayerCount(layers.length);
  const empties = join(paths.directory, 'empties');
  const { directories, flags } = planOverlay({ layers, changes: paths.directory, empties }, ownership);
  return { links, options: linkOverlay(links, directories, [...flags, 'volatile']), target: rootfs };
}

/** Volumes are filled from the root file system, and shared mounts go both ways between us and the container. */
function mayBeApart({ options }: ContainerRecord): boolean {
  return (options.mounts ?? []).every(
    (mount) => mount.type !== 'volume' && !(mount.type === 'bind' && mount.propagation?.includes('shared')),
  );
}

/** Has the layers of a container unpacked, base first. */
export async function unpackLayers(
  { store, snapshots }: LayerDeps,
  { id }: ContainerRecord,
  options: EnsureOptions,
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
