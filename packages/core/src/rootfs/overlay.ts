import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { copyLayers } from './copy-layers.ts';
import { readMounts } from './mount-info.ts';
import { shortNames } from './overlay-options.ts';
import { detectOwnership, type Ownership } from './privileges.ts';
import { removeTrees } from './remove-tree.ts';
import { runProgram } from './run-program.ts';
import type { Snapshot } from './snapshot.ts';

/** Marks our mounts in /proc/self/mountinfo. */
const SOURCE = 'wherry';
/**
 * With `redirect_dir` or `metacopy`, which some kernels have on by default, what lies in the upper directory would
 * not be all that changed. `userxattr` has them off, and refuses to be told so.
 */
const OPTIONS_FOR = {
  root: ['redirect_dir=off', 'metacopy=off'],
  namespace: ['userxattr'],
} as const;
/** The kernel's OVL_MAX_STACK. */
const MAX_LOWERS = 500;

export interface RootfsRequest {
  /** Base first, as a config lists them; none makes an empty root. */
  readonly layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[];
  /** Where the root file system appears: made if need be. */
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
 * `unmountRootfs`, also beyond this process. Throws `CONFLICT` when something is mounted at the target,
 * `INVALID_ARGUMENT` for more than 500 layers, `NO_SPACE`, `CANCELLED`.
 */
export async function mountRootfs(request: RootfsRequest, options: RootfsOptions = {}): Promise<Rootfs> {
  throwIfCancelled(options.signal);
  const target = resolve(request.target);
  if (request.layers.length > MAX_LOWERS)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `image has ${request.layers.length} layers, overlay takes ${MAX_LOWERS}`,
    );
  if (await isMounted(target)) throw new WherryError('CONFLICT', `something is mounted at ${target}`);
  await mkdir(target, { recursive: true, mode: 0o755 });
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
  await copyLayers(request.layers, target, options.signal);
  return { target, kind: 'copy' };
}

/**
 * Takes a root file system away, mounted or copied; fine when there is none. What changed stays in `changes`.
 * Throws `CONFLICT` while something in it is in use.
 */
export async function unmountRootfs(target: string): Promise<void> {
  const path = resolve(target);
  if (await isMounted(path)) {
    const { status, stderr } = await runProgram('umount', ['--', path]);
    if (status !== 0)
      throw new WherryError('CONFLICT', `cannot unmount ${path}: ${stderr || 'no umount program'}`);
    try {
      await rmdir(path);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  } else await removeTrees(path);
}

/** The root file systems of ours that are mounted below a directory: those of a store that nobody took away. */
export async function mountedBelow(directory: string): Promise<string[]> {
  const prefix = `${resolve(directory)}/`;
  const mounts = await readMounts();
  return mounts
    .filter(
      ({ type, source, target }) => type === 'overlay' && source === SOURCE && target.startsWith(prefix),
    )
    .map(({ target }) => target);
}

async function isMounted(target: string): Promise<boolean> {
  return (await readMounts()).some((mount) => mount.target === target);
}

/** Mounts an overlay; why not, when the kernel or mount(8) refuses. */
async function tryOverlay(
  request: RootfsRequest,
  ownership: keyof typeof OPTIONS_FOR,
): Promise<string | undefined> {
  const { changes, target } = request;
  const [upper, work] = ['upper', 'work'].map((name) => changes && join(changes, name));
  if (changes !== undefined) {
    await mkdir(join(changes, 'upper'), { recursive: true, mode: 0o755 });
    await mkdir(join(changes, 'work'), { recursive: true, mode: 0o700 });
  }
  const empty = await mkdtemp(join(tmpdir(), 'wherry-empty-'));
  try {
    const lowers = request.layers.map(({ directory }) => directory).reverse();
    // An overlay needs a lower directory, and two of them when there is none above.
    const missing = (upper === undefined ? 2 : 1) - lowers.length;
    for (let i = 0; i < missing; i++) {
      const path = join(empty, String(i));
      await mkdir(path, { mode: 0o755 });
      lowers.push(path);
    }
    const flags = [
      ...(upper === undefined ? ['ro'] : []),
      ...(ownership === 'namespace' ? ['userxattr'] : []),
    ];
    await using names = await shortNames({ lowers, upper, work }, flags);
    const { status, stderr } = await runProgram(
      'mount',
      ['-t', 'overlay', '-o', names.options, '--', SOURCE, target],
      // The newer calls that mount(8) may take pass each option through 256 bytes.
      { cwd: names.directory, env: { LIBMOUNT_FORCE_MOUNT2: 'always' } },
    );
    if (status === undefined) return 'there is no mount program';
    return status === 0 ? undefined : stderr.replace(/\s+/g, ' ') || `mount ended with ${status}`;
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
}
