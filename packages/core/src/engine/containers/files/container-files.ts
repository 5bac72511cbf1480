import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { isErrno, WherryError } from '../../../errors.ts';
import type { VerbOptions } from '../../../events.ts';
import { parseMounts } from '../../../rootfs/mount-info.ts';
import type { Grafts } from '../../../rootfs/scoped-walk.ts';
import { waitForExit } from '../../../runtime/container-facts.ts';
import type { ContainerMount } from '../../../runtime/container-options.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import { openVolumes } from '../../volumes/open-volumes.ts';
import type { ContainerDeps } from '../container-deps.ts';
import { containerPlaces } from '../container-places.ts';
import { requireContainer } from '../container-records.ts';
import { haltProcesses, holdStill } from '../life/hold-still.ts';
import { mountLayers, requireRoot } from '../life/mount-layers.ts';
import { clearAway, currentRecord } from '../life/settle.ts';
import { runningRootfs } from './running-rootfs.ts';

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;
/** File systems that show the kernel: Docker's copies have their directories empty, and those of the devices. */
const HOLLOW = /^(?:proc|sysfs|cgroup2?|devpts|mqueue)$/;

const NO_MOUNTS = { mounted: new Set<string>(), hollow: [] };

/** A container's files, held until disposed: it is neither started nor cleared away meanwhile. */
export interface ContainerFiles extends AsyncDisposable {
  readonly record: ContainerRecord;
  /** A descriptor of its root. */
  readonly root: number;
  /** What is mounted in a container that does not run, by its path without a slash in front. */
  readonly grafts: Grafts;
  /** Where something is mounted; names as `grafts`. */
  readonly mounted: ReadonlySet<string>;
  /** Directories, below the root, of which only the directory itself is the container's; names as `grafts`. */
  readonly hollow: readonly string[];
  /** Runs `work` while no process of the container does. */
  undisturbed<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * `all` are those that its processes see, mounts included; `own` its root file system alone, as Docker exports it.
 */
export type FilesView = 'all' | 'own';

/**
 * Opens the files of a container, whether it runs or not. Throws `CONTAINER_UNKNOWN`, `PERMISSION_DENIED` without
 * root, what unpacking and mounting throw, `CANCELLED`.
 */
export async function openContainerFiles(
  deps: ContainerDeps,
  idOrName: string,
  view: FilesView,
  options: VerbOptions = {},
): Promise<ContainerFiles> {
  const { id } = requireContainer(deps.store.metadata, idOrName);
  requireRoot();
  const signal = options.signal ?? new AbortController().signal;
  const hold = await holdStill(deps, id, { pause: false, signal });
  try {
    const record = currentRecord(deps, requireContainer(deps.store.metadata, id));
    let files = openLive(deps, record, view);
    if (files === undefined) {
      // Its process is gone, the note of its exit code may be on its way: until then it is not ours to mount.
      await waitForExit(containerPlaces(deps.store.root, id).paths, signal);
      files = await openAtRest(deps, record, view, options);
    }
    return withHold(files, hold);
  } catch (error) {
    await hold[Symbol.asyncDispose]();
    throw error;
  }
}

function withHold(files: ContainerFiles, hold: AsyncDisposable): ContainerFiles {
  return {
    ...files,
    [Symbol.asyncDispose]: async () => {
      try {
        await files[Symbol.asyncDispose]();
      } finally {
        await hold[Symbol.asyncDispose]();
      }
    },
  };
}

/** The files of a container that runs; `undefined`: it does not. */
function openLive(deps: ContainerDeps, record: ContainerRecord, view: FilesView): ContainerFiles | undefined {
  const { id, state } = record;
  if (!isAlive(record)) return undefined;
  const path = view === 'own' ? ownRootfs(deps, record) : `/proc/${state.pid}/root/.`;
  const root = path === undefined ? undefined : openIfThere(path);
  if (root === undefined) return undefined;
  try {
    // Another process may have got the number in between.
    const now = currentRecord(deps, record);
    if (view === 'all' && !(isAlive(now) && now.state.pid === state.pid)) {
      closeSync(root);
      return undefined;
    }
    return {
      ...{ record, root, grafts: new Map(), ...(view === 'own' ? NO_MOUNTS : mountsOf(state.pid)) },
      undisturbed: async (work) => {
        if (state.status === 'paused') return await work();
        requireHalting(deps);
        await using _halt = await haltProcesses(deps, id);
        return await work();
      },
      [Symbol.asyncDispose]: async () => closeSync(root),
    };
  } catch (error) {
    closeSync(root);
    throw error;
  }
}

/** `undefined`: it has just ended. Throws `CONFLICT` where nobody can tell it from what is mounted in it. */
function ownRootfs(deps: Pick<ContainerDeps, 'store'>, record: ContainerRecord): string | undefined {
  const { id, state } = record;
  const found = runningRootfs(containerPlaces(deps.store.root, id), state.pid);
  if (found !== undefined || !isAlive(currentRecord(deps, record))) return found;
  throw new WherryError('CONFLICT', `container ${id} has lost its supervisor: its files are its own alone`, {
    hint: 'stop it, or copy files with cp',
  });
}

async function openAtRest(
  deps: ContainerDeps,
  record: ContainerRecord,
  view: FilesView,
  options: VerbOptions,
): Promise<ContainerFiles> {
  try {
    await mountLayers(deps, record, options);
    const { rootfs } = containerPlaces(deps.store.root, record.id);
    const mounts = view === 'all' ? await openVolumes(deps, record, rootfs, options.signal) : [];
    const grafts = graftsOf(mounts);
    const root = openSync(rootfs, OPEN_DIRECTORY);
    return {
      ...{ record, root, grafts, mounted: new Set(grafts.keys()), hollow: [] },
      undisturbed: (work) => work(),
      [Symbol.asyncDispose]: async () => {
        closeSync(root);
        await clearAway(deps, record.id);
      },
    };
  } catch (error) {
    await clearAway(deps, record.id);
    throw error;
  }
}

function requireHalting(deps: ContainerDeps): void {
  if (deps.runtime().canPause) return;
  throw new WherryError(
    'UNSUPPORTED',
    'files with extended attributes go only into a container that can be halted meanwhile, which needs control groups',
    { hint: 'stop the container first, or run it as root' },
  );
}

function isAlive({ state: { status } }: ContainerRecord): boolean {
  return status === 'running' || status === 'paused';
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, OPEN_DIRECTORY);
  } catch (error) {
    // It ended just now.
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}

function mountsOf(pid: number): Pick<ContainerFiles, 'mounted' | 'hollow'> {
  const mounts = parseMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).map(({ type, target }) => ({
    path: toLatin1(target.slice(1)),
    isHollow: HOLLOW.test(type) || target === '/dev',
  }));
  return {
    mounted: new Set(mounts.map(({ path }) => path)),
    hollow: mounts.filter(({ isHollow }) => isHollow).map(({ path }) => path),
  };
}

function graftsOf(mounts: readonly ContainerMount[]): Grafts {
  const grafts = new Map<string, string>();
  for (const mount of mounts)
    if (mount.type !== 'tmpfs' && mount.source?.startsWith('/'))
      grafts.set(toLatin1(mountTarget(mount.target)).slice(1), mount.source);
  return grafts;
}

/** Where a mount is, without a slash at the end. */
export function mountTarget(target: string): string {
  return posix.join('/', target).replace(/(?<=.)\/$/, '');
}

/** A path as `walkBelow` takes it: one character per byte. */
export function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function fromLatin1(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}
