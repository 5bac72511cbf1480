import { mkdir, readdir, realpath, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { copyLayers } from './copy-layers.ts';
import { readMounts } from './mount-info.ts';
import { shortNames } from './overlay-options.ts';
import { checkLayerCount, OVERLAY_SOURCE, planOverlay } from './overlay-plan.ts';
import { assertLinux, detectOwnership, type Ownership } from './privileges.ts';
import { removeTrees } from './remove-tree.ts';
import { runProgram } from './run-program.ts';
import type { Snapshot } from './snapshots/snapshot.ts';

export interface RootfsRequest {
  /** Base first, as a config lists them; none makes an empty root. */
  readonly layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[];
  /** Where the root file system appears: an empty directory, made if need be. */
  readonly target: string;
  /**
   * A directory of this root file system alone, for what changes and for overlay's own use; made if need be.
   * Absent: the root file system is read-only.
   */
  readonly changes?: string;
}

export interface RootfsOptions extends VerbOptions {
  /** What this process may make; found out unless given. */
  readonly ownership?: Ownership;
}

/** A root file system that is there. */
export interface Rootfs {
  readonly target: string;
  /** Where overlay keeps what changes; absent: read-only, or a copy, whose changes lie in it. */
  readonly upper?: string;
  readonly kind: 'overlay' | 'copy';
}

/**
 * Makes a root file system of unpacked layers: an overlay, or, where the kernel refuses one (no rights, or the
 * directories lie on an overlay themselves), a copy of all files, which is told as a warning. It stays until
 * `unmountRootfs`, also beyond this process. Throws `CONFLICT` when something is at the target
 * already, `INVALID_ARGUMENT` for more than 500 layers, `NO_SPACE`, `CANCELLED`.
 */
export async function mountRootfs(request: RootfsRequest, options: RootfsOptions = {}): Promise<Rootfs> {
  assertLinux();
  throwIfCancelled(options.signal);
  checkLayerCount(request.layers.length);
  await mkdir(request.target, { recursive: true, mode: 0o755 });
  const target = await realpath(request.target);
  if (await isMounted(target)) throw new WherryError('CONFLICT', `something is mounted at ${target}`);
  if ((await readdir(target)).length > 0) throw new WherryError('CONFLICT', `${target} is not empty`);
  const ownership = options.ownership ?? detectOwnership();
  const upper = request.changes === undefined ? undefined : join(request.changes, 'upper');
  const refusal =
    ownership === 'user'
      ? 'only root, of the machine or of a user namespace, can mount'
      : await tryOverlay({ ...request, target }, ownership);
  if (refusal === undefined) return { target, kind: 'overlay', ...(upper !== undefined && { upper }) };
  options.onProgress?.({
    kind: 'warning',
    message: `no overlay at ${target}, its files are copied instead: ${refusal}`,
  });
  try {
    await copyLayers(request.layers, target, options.signal);
  } catch (error) {
    await removeTrees(target);
    throw error;
  }
  return { target, kind: 'copy' };
}

/**
 * Takes a root file system away, mounted or copied; fine when there is none. What changed stays in `changes`.
 * Throws `CONFLICT` while something in it is in use, other mounts included.
 */
export async function unmountRootfs(target: string): Promise<void> {
  const path = await findReal(target);
  if (path === undefined) return;
  // What another file system shows in it must not be removed with it.
  const inner = (await readMounts()).find((mount) => mount.target.startsWith(`${path}/`));
  if (inner) throw new WherryError('CONFLICT', `cannot unmount ${path}: ${inner.target} is mounted in it`);
  if (!(await isMounted(path))) return removeTrees(path);
  const { status, stderr } = await runProgram('umount', ['--', path]);
  if (status !== 0)
    throw new WherryError('CONFLICT', `cannot unmount ${path}: ${stderr || 'no umount program'}`);
  await rmdir(path);
  await removeTrees(emptyLowers(path));
}

/** The root file systems of ours that are mounted below a directory: those of a store that nobody took away. */
export async function mountedBelow(directory: string): Promise<string[]> {
  const path = await findReal(directory);
  if (path === undefined) return [];
  const prefix = `${path}/`;
  const mounts = await readMounts();
  return mounts
    .filter(
      ({ type, source, target }) =>
        type === 'overlay' && source === OVERLAY_SOURCE && target.startsWith(prefix),
    )
    .map(({ target }) => target);
}

/** The path without links, as mounts are listed; `undefined`: there is nothing. */
async function findReal(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function isMounted(target: string): Promise<boolean> {
  return (await readMounts()).some((mount) => mount.target === target);
}

/** Mounts an overlay; why not, when the kernel or mount(8) refuses. */
async function tryOverlay(
  request: RootfsRequest,
  ownership: Exclude<Ownership, 'user'>,
): Promise<string | undefined> {
  const { layers, changes, target } = request;
  const plan = planOverlay({ layers, changes, empties: emptyLowers(target) }, ownership);
  await using names = await shortNames(plan.directories, plan.flags);
  const { status, stderr } = await runProgram(
    'mount',
    ['-t', 'overlay', '-o', names.options, '--', OVERLAY_SOURCE, target],
    // The newer calls that mount(8) may take pass each option through 256 bytes.
    { cwd: names.directory, env: { LIBMOUNT_FORCE_MOUNT2: 'always' } },
  );
  if (status === 0) return undefined;
  await removeTrees(emptyLowers(target));
  if (status === undefined) return 'there is no mount program';
  return stderr.replace(/\s+/g, ' ') || `mount ended with ${status}`;
}

/** Where the lower directories are that have nothing in them. An overlay of directories that are gone shows nothing. */
function emptyLowers(target: string): string {
  return `${target}.empty`;
}
