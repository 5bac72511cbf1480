import { readdir } from 'node:fs/promises';
import type { Digest } from '../../digest.ts';
import { isErrno, isWherryError, WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { mountRootfs, unmountRootfs } from '../../rootfs/overlay.ts';
import { detectOwnership } from '../../rootfs/privileges.ts';
import type { SnapshotLease } from '../../rootfs/snapshot.ts';
import { SUBORDINATE_IDS_CURE } from '../../rootfs/unpack-error.ts';
import { writeBundle } from '../../runtime/bundle.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { ownIdCounts } from '../../runtime/subordinate-ids.ts';
import { type StartedContainer, type StdinMode, startSupervised } from '../../runtime/supervisor.ts';
import type { TerminalSize } from '../../runtime/terminal.ts';
import { requireLayerVariant } from '../store/layer-variant.ts';
import { openVolumes } from '../volumes/open-volumes.ts';
import { unmountSubpaths } from '../volumes/subpath.ts';
import type { ContainerDeps } from './container-deps.ts';
import { type ContainerPlaces, containerPlaces } from './container-places.ts';
import { changeRecord } from './container-records.ts';
import { readConfig } from './create.ts';
import { clearAway, isMountedAt } from './settle.ts';

/** A terminal whose size nobody told. */
const DEFAULT_SIZE: TerminalSize = { rows: 24, columns: 80 };
const START_FAILED = 128;

interface LaunchOptions extends VerbOptions {
  /** Of its terminal, if it has one. */
  readonly size?: TerminalSize;
}

/**
 * Starts a container whose lock the caller holds: layers unpacked and held, root file system mounted, bundle
 * written, process started. What fails leaves nothing behind but a note in the record. Throws what it failed
 * with; `details.exitCode` is what `run` then ends with.
 */
export async function launch(
  deps: ContainerDeps,
  record: ContainerRecord,
  options: LaunchOptions = {},
): Promise<StartedContainer> {
  requireRoot(options);
  const { id } = record;
  const places = containerPlaces(deps.store.root, id);
  try {
    await mountLayers(deps, record, places, options);
    const started = await startProcess(deps, record, places, options);
    changeRecord(deps.store.metadata, id, (now) => ({
      ...now,
      state: {
        ...now.state,
        ...{ status: 'running', pid: started.pid, exitCode: 0, error: '', oomKilled: false },
        startedAt: deps.now().toISOString(),
      },
    }));
    return started;
  } catch (error) {
    await clearAway(deps, id);
    noteFailure(deps, id, error);
    throw error;
  }
}

/** Layers can be mounted only by root, if only that of a user namespace, where there may be nobody else. */
function requireRoot({ onProgress }: VerbOptions): void {
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

async function mountLayers(
  deps: ContainerDeps,
  record: ContainerRecord,
  { paths, rootfs }: ContainerPlaces,
  options: VerbOptions,
): Promise<void> {
  await using lease = await unpackLayers(deps, record, options);
  await lease.hold(record.id);
  // Whoever ran it before was killed, or it is a copy, whose changes are in it.
  if (await isMountedAt(rootfs)) await unmountRootfs(rootfs);
  else if (await hasFiles(rootfs)) return;
  await mountRootfs({ layers: lease.snapshots, target: rootfs, changes: paths.directory }, options);
}

async function unpackLayers(
  { store, snapshots }: ContainerDeps,
  { id }: ContainerRecord,
  options: VerbOptions,
): Promise<SnapshotLease> {
  const layers = [];
  for (const layer of store.metadata.layersOfContainer(id))
    layers.push({ diffID: layer.diffID, blob: (await requireLayerVariant(store, layer)).digest });
  return await snapshots.ensure(layers, options);
}

async function startProcess(
  deps: ContainerDeps,
  record: ContainerRecord,
  { paths, rootfs }: ContainerPlaces,
  { signal, size = DEFAULT_SIZE }: LaunchOptions,
): Promise<StartedContainer> {
  const { id } = record;
  const { config = {} } = await readConfig(deps.store, { id: record.imageId as Digest });
  const { tty } = record.options;
  try {
    const mounts = await openVolumes(deps, record, rootfs, signal);
    const options = { ...record.options, mounts, ...(tty && { consoleSize: size }) };
    const { memoryEvents } = await writeBundle({ id, image: config, options, rootfs, paths });
    return await startSupervised({
      ...{ runtime: deps.runtime(), id, paths, stdin: stdinMode(record) },
      ...(tty && { tty: size }),
      ...(memoryEvents !== undefined && { memoryEvents }),
    });
  } finally {
    await unmountSubpaths(deps.subpaths, id);
  }
}

function stdinMode({ openStdin, stdinOnce }: ContainerRecord): StdinMode {
  if (!openStdin) return 'none';
  return stdinOnce ? 'once' : 'open';
}

function noteFailure({ store }: ContainerDeps, id: string, error: unknown): void {
  if (!isWherryError(error) || error.kind === 'cancelled') return;
  const { exitCode = START_FAILED } = error.details;
  changeRecord(store.metadata, id, (record) => ({
    ...record,
    state: { ...record.state, exitCode: Number(exitCode), error: error.message },
  }));
}

async function hasFiles(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length > 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
